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
import { type Outgoing, unitsByLevel } from './outgoing';
import { PageQueue } from './page-queue';
import type { Clock, Invoker, Logger } from '../shared/ports';
import { unitsOfMessage, type WorkMeter } from '../shared/work-meter';

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
  /** What the workers will send is counted where they are started. Absent: nobody is charged for it. */
  readonly work?: WorkMeter;
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
  deps: HandOverDependencies,
  target: FanOutTarget & { readonly channelId: string },
  messages: readonly Outgoing[],
  pages: AsyncIterable<readonly Receiver[]>,
  deadline: Deadline,
  counts: FanOutCounts,
): AsyncGenerator<readonly Receiver[]> {
  const { workers } = deps;
  if (workers === undefined) {
    yield* pages;
    return;
  }
  const chunkOf = { ...target, messages, workers, unitsOf: unitsByLevel(messages) };
  const start = async (receivers: readonly Receiver[]): Promise<void> => {
    const outcome = await startChunk(deps, chunkOf, receivers, deadline);
    counts[outcome] = (counts[outcome] ?? 0) + receivers.length * messages.length;
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

interface ChunkTarget {
  readonly tenantId: string;
  readonly channelId: string;
  readonly messages: readonly Outgoing[];
  readonly workers: NonNullable<HandOverDependencies['workers']>;
  readonly unitsOf: ReturnType<typeof unitsByLevel>;
}

async function startChunk(
  { log, clock, work }: HandOverDependencies,
  { tenantId, channelId, messages, workers, unitsOf }: ChunkTarget,
  receivers: readonly Receiver[],
  deadline: Deadline,
): Promise<'handed' | 'late' | 'failed'> {
  if (deadline.remainingMs < startMs) return 'late';
  const payload = encodeChunk({ tenantId, channelId, messages, receivers, at: clock.now() });
  try {
    await workers.invoker.start(workers.functionName, payload);
    // The receivers of a chunk have one level.
    const units = sum(unitsOf(receivers[0]?.level ?? 0).map(({ text }) => unitsOfMessage(text)));
    work?.invocation(receivers.length * units);
    return 'handed';
  } catch (error) {
    // It may run all the same. Served here as well, receivers of level 0 would get the message twice.
    const fields = { tenant_id: tenantId, receivers: receivers.length };
    log.error('chunk_not_started', { ...fields, ...errorFields(error) });
    return 'failed';
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** As JSON inside JSON: quotes and escapes once more. */
function sizeOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)) + 1, 0);
}
