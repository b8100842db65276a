/**
 * Claims the next sequence of a log with the conditional put of the message itself. After a conflict, a lost answer, a crash or
 * a second run, the log still has no hole and holds the message once (LOG-1, ACK-6).
 */
import type { Position } from '../../protocol/index';
import type { Deadline } from '../shared/deadline';
import type { FrameKey, FreeSlot, LogTail } from './log-tail';
import type { HistoryStore, MessageFields, MessageRow } from '../shared/stores/history-store';
import type { Clock } from '../shared/ports';

export interface Claim extends FrameKey {
  readonly body: string;
  /** How long the row is kept. */
  readonly retentionMs: number;
  /** Runs once, before the first put; when it throws, nothing is put. */
  readonly beforePut?: (slot: FreeSlot) => Promise<void>;
}

export interface Claimed {
  readonly status: 'claimed' | 'duplicate';
  readonly position: Position;
  /** Of the row in the log: for a duplicate the first one's. Epoch milliseconds. */
  readonly timestamp: number;
  /** Of the row as well. */
  readonly expiresAt: number;
}

export interface ClaimDependencies {
  readonly history: HistoryStore;
  readonly clock: Clock;
}

/** No put begins later; the two calls after it, and the answer to the client, still fit into the function's 5 s. */
const claimTimeMs = 2_800;
const maxPauseMs = 40;

/**
 * Puts the message into the log. Gives `undefined` when no place could be had in time, or for the units of its text message; the
 * message may be in the log all the same (its sender then says `retry`). Throws what the store and `beforePut` throw.
 */
export async function claim(
  { history, clock }: ClaimDependencies,
  tail: LogTail,
  message: Claim,
  deadline: Deadline,
): Promise<Claimed | undefined> {
  const limit = deadline.within(claimTimeMs);
  if (limit.remainingMs === 0) return undefined;
  const nonce = tail.newNonce(message.index);
  let place = await tail.findSlot(message, limit);
  if (place?.kind === 'free') await message.beforePut?.(place);
  for (let tries = 0; place !== undefined; tries += 1) {
    if (place.kind === 'taken') return claimed('duplicate', place.row);
    // RAT-7: each try is billed by the size of the message.
    if (limit.hasPassed || (tries > 0 && !tail.hasPut)) return undefined;
    const row = toRow(tail, message, place, nonce);
    if ((await history.tryPut(tail.subject, row)) === 'written') {
      tail.addRow(row);
      return claimed('claimed', row);
    }
    const met = await readRowsFrom(history, tail, row.sequence, nonce);
    if (met.mine !== undefined) return claimed('claimed', met.mine);
    if (met.isNone) {
      // An unclear put that has not come in: the same sequence and nonce again, so that it can't come in twice.
      await clock.sleep(Math.min(clock.random() * maxPauseMs, limit.remainingMs));
      continue;
    }
    // The row is there, so the next sequence leaves no hole; its epoch is the log's. No pause: it would only let newcomers pass.
    place = tail.nextSlot(message);
  }
  return undefined;
}

/** Every row from the sequence on is met, so that neither my own nor a copy is jumped over, and the next try is at the end. */
async function readRowsFrom(
  history: HistoryStore,
  tail: LogTail,
  sequence: number,
  nonce: string,
): Promise<{ readonly mine: MessageFields | undefined; readonly isNone: boolean }> {
  let mine: MessageFields | undefined;
  let isNone = true;
  for await (const page of history.range(tail.subject, { after: sequence - 1 })) {
    for (const row of page) {
      isNone = false;
      tail.addRow(row);
      if (row.nonce === nonce) mine = row;
    }
  }
  return { mine, isNone };
}

function claimed(
  status: Claimed['status'],
  { epoch, sequence, timestamp, expiresAt }: MessageFields,
): Claimed {
  return { status, position: { epoch, sequence }, timestamp, expiresAt };
}

function toRow(
  { arrival }: LogTail,
  { id, isRetry, body, retentionMs }: Claim,
  { position, timestamp }: FreeSlot,
  nonce: string,
): MessageRow {
  const expiresAt = timestamp + retentionMs;
  return { ...position, nonce, id, agentId: arrival.agentId, isRetry, timestamp, body, expiresAt };
}
