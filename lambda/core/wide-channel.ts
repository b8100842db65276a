/**
 * Channels with more subscribers than one invocation can serve in time: the first of them are served where the message was
 * accepted, the rest in chunks by workers that are started and not awaited.
 */
import { encodeChunk, textsFor } from './chunk';
import type { Deadline } from './deadline';
import { errorFields } from './error-fields';
import type { FanOutCounts, FanOutTarget, Receiver } from './fan-out';
import type { Outgoing } from './outgoing';
import type { Invoker, Log } from './ports';

export interface Workers {
  readonly invoker: Invoker;
  /** The function that serves a chunk. */
  readonly functionName: string;
  /** Receivers that the publisher's own invocation serves. */
  readonly ownReceivers: number;
}

export interface HandOverDependencies {
  readonly log: Log;
  /** Absent: the own invocation serves everybody. */
  readonly workers?: Workers;
}

const receiversPerChunk = 1_000;
/** Of an event of 256 KB: the texts take what they need, and the rest is room for receivers. */
const eventBytes = 240_000;
/** The connection id, the numbers and the quotes of one receiver; its agent id comes on top, three times its length at most. */
const receiverBytes = 60;
/** What an Invoke may take; it must not be cut off. */
const startMs = 1_000;

/**
 * Gives the receivers that are left for the own invocation. Whoever has to be served with care is among them: the sender, who
 * waits for its own ACK. Ends when every worker has been started or given up, and counts those receivers.
 */
export async function* withoutRest(
  { workers, log }: HandOverDependencies,
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
  const room = eventBytes - [0, 1].reduce((sum, level) => sum + sizeOf(textsFor(messages, level)), 0);
  const starts: Promise<void>[] = [];
  let own = 0;
  let chunk: Receiver[] = [];
  let chunkBytes = 0;

  const start = async (receivers: readonly Receiver[]): Promise<void> => {
    const posts = receivers.length * messages.length;
    let outcome: 'handed' | 'late' | 'failed' = 'handed';
    if (deadline.remainingMs < startMs) outcome = 'late';
    else {
      const { tenantId, channelId } = target;
      const payload = encodeChunk({ tenantId, channelId, messages, receivers });
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
  const flush = (): void => {
    if (chunk.length > 0) starts.push(start(chunk));
    chunk = [];
    chunkBytes = 0;
  };

  try {
    for await (const page of pages) {
      const kept: Receiver[] = [];
      for (const receiver of page) {
        const bytes = receiverBytes + 3 * receiver.agentId.length;
        const isOwn = own < workers.ownReceivers || receiver.connectionId === target.senderConnectionId;
        // Messages that leave no room for receivers are few and large: they are served here.
        if (isOwn || bytes > room) {
          own += 1;
          kept.push(receiver);
          continue;
        }
        if (chunk.length === receiversPerChunk || chunkBytes + bytes > room) flush();
        chunk.push(receiver);
        chunkBytes += bytes;
      }
      yield kept;
    }
  } finally {
    // Also when a later page can't be read: those who were read get their messages.
    flush();
    await Promise.all(starts);
  }
}

/** As JSON inside JSON: quotes and escapes once more. */
function sizeOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)) + 1, 0);
}
