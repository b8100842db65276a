/**
 * Channels with more subscribers than one invocation can serve in time: the first of them are served where the message was
 * accepted, the rest in chunks by workers that are started and not awaited.
 */
import { limits } from '../../protocol/index';
import { encodeChunk, textsFor } from './chunk';
import type { Deadline } from '../shared/deadline';
import { eachConcurrently } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import type { FanOutCounts, FanOutTarget, Receiver } from './fan-out';
import type { Outgoing } from './outgoing';
import { PageQueue } from './page-queue';
import type { Clock, Invoker, Logger } from '../shared/ports';

export interface Workers {
  readonly invoker: Invoker;
  /** The function that serves a chunk. */
  readonly functionName: string;
  /** Receivers that the publisher's own invocation serves. */
  readonly ownReceivers: number;
}

export interface HandOverDependencies {
  readonly log: Logger;
  readonly clock: Clock;
  /** Absent: the own invocation serves everybody. */
  readonly workers?: Workers;
}

const receiversPerChunk = 1_000;
/** Of an event of 256 KB: the texts take what they need, and the rest is room for receivers. */
const eventBytes = 240_000;
/** The connection id, the numbers and the quotes of one receiver; its agent id comes on top, three times its length at most. */
const receiverBytes = 60;
/** For a hundred receivers with the longest ids. Texts that leave less would need a worker for every few of them. */
const minChunkBytes = 100 * (receiverBytes + 3 * limits.idLength);
/** What an Invoke may take; it must not be cut off. */
const startMs = 1_200;
/** A small function has little to write them with. */
const invokeConcurrency = 20;
/** Own receivers that are read before their turn: more than a page has. */
const maxWaiting = 10_000;

/**
 * Gives the receivers that stay with this invocation. The sender is among them, because its echo waits for its ACK. Pages are
 * read as they come, however slow the own receivers are. Ends when every worker has been started or given up, and counts those
 * receivers. Throws what the pages throw.
 */
export async function* splitToWorkers(
  { workers, log, clock }: HandOverDependencies,
  target: FanOutTarget & { readonly channelId: string },
  messages: readonly Outgoing[],
  pages: AsyncIterable<readonly Receiver[]>,
  deadline: Deadline,
  counts: FanOutCounts,
): AsyncGenerator<readonly Receiver[]> {
  if (workers === undefined) {
    yield* pages;
    return;
  }
  const start = async (receivers: readonly Receiver[]): Promise<void> => {
    const posts = receivers.length * messages.length;
    let outcome: 'handed' | 'late' | 'failed' = 'handed';
    if (deadline.remainingMs < startMs) outcome = 'late';
    else {
      const { tenantId, channelId } = target;
      const payload = encodeChunk({ tenantId, channelId, messages, receivers, at: clock.now() });
      try {
        await workers.invoker.start(workers.functionName, payload);
      } catch (error) {
        // It may run all the same. Served here as well, receivers of level 0 would get the message twice.
        log.error('chunk_not_started', {
          tenant_id: tenantId,
          receivers: receivers.length,
          ...errorFields(error),
        });
        outcome = 'failed';
      }
    }
    counts[outcome] = (counts[outcome] ?? 0) + posts;
  };

  const own = new PageQueue<Receiver>(maxWaiting);
  const chunks = splitIntoChunks(workers.ownReceivers, target.senderConnectionId, messages, pages, own);
  const handedOver = eachConcurrently(chunks, invokeConcurrency, start).then(
    () => {
      own.end();
    },
    (reason: unknown) => {
      own.end({ reason });
    },
  );
  try {
    yield* own.read();
  } finally {
    await handedOver;
  }
}

/** A chunk that is being filled, with receivers of one level: no text is in an event for nothing. */
interface ChunkBuilder {
  readonly room: number;
  receivers: Receiver[];
  bytes: number;
}

/** Puts the own receivers into their queue and gives the rest in chunks, as pages come. */
async function* splitIntoChunks(
  ownReceivers: number,
  senderConnectionId: string,
  messages: readonly Outgoing[],
  pages: AsyncIterable<readonly Receiver[]>,
  own: PageQueue<Receiver>,
): AsyncGenerator<readonly (readonly Receiver[])[]> {
  const fillings = new Map<number, ChunkBuilder>();
  const fillingOf = (level: number): ChunkBuilder => {
    const known = fillings.get(level);
    if (known !== undefined) return known;
    const made = { room: eventBytes - sizeOf(textsFor(messages, level)), receivers: [], bytes: 0 };
    fillings.set(level, made);
    return made;
  };
  let first = 0;
  let failure: { readonly reason: unknown } | undefined;
  try {
    for await (const page of pages) {
      const kept: Receiver[] = [];
      const full: (readonly Receiver[])[] = [];
      for (const receiver of page) {
        const isOwn = first < ownReceivers || receiver.connectionId === senderConnectionId;
        const filling = isOwn ? undefined : fillingOf(receiver.level);
        if (filling === undefined || filling.room < minChunkBytes) {
          first += 1;
          kept.push(receiver);
          continue;
        }
        const bytes = receiverBytes + 3 * receiver.agentId.length;
        if (filling.receivers.length === receiversPerChunk || filling.bytes + bytes > filling.room) {
          full.push(filling.receivers);
          filling.receivers = [];
          filling.bytes = 0;
        }
        filling.receivers.push(receiver);
        filling.bytes += bytes;
      }
      await own.put(kept);
      yield full;
    }
  } catch (reason) {
    failure = { reason };
  }
  // Also when a later page can't be read: those who were read get their messages.
  yield [...fillings.values()].map(({ receivers }) => receivers).filter(({ length }) => length > 0);
  if (failure !== undefined) throw failure.reason;
}

/** As JSON inside JSON: quotes and escapes once more. */
function sizeOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)) + 1, 0);
}
