/**
 * Claims the next sequence of a log with the message's own conditional put (design: no counter, no cached head).
 * Whatever happens in between (a conflict, a lost answer, a crash), the log has no hole and holds the message once.
 */
import type { Position } from '../../protocol/index';
import type { Deadline } from './deadline';
import { logEnd } from './log-end';
import type { Clock, Head, HistoryStore, LogEntry, LogRow, NewId, StoredRow } from './ports';

export interface Claim {
  readonly subject: string;
  readonly id: string;
  readonly agentId: string;
  readonly timestamp: number;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Whether the sender says that it may have sent this id before. */
  readonly isRetry: boolean;
}

export interface Claimed {
  readonly status: 'claimed' | 'duplicate';
  readonly position: Position;
  /** Of the row in the log: for a duplicate the first one's. */
  readonly timestamp: number;
}

export interface ClaimDependencies {
  readonly history: HistoryStore;
  readonly clock: Clock;
  readonly newId: NewId;
}

/** No put begins later; the two calls after it, and the answer to the client, still fit into the function's 5 s. */
const claimTimeMs = 2_800;
const longestPauseMs = 40;

/** Where a message goes: to a free place, or nowhere, as its first copy is there already. */
export type Place =
  { readonly kind: 'free'; readonly position: Position } | { readonly kind: 'taken'; readonly row: LogEntry };

/**
 * Puts the message into the log. `locate` says where to begin (`undefined`: no time to find out). Gives `undefined` when no
 * place could be had in time; the message may be in the log all the same (its sender then says `retry`).
 */
export async function claim(
  deps: ClaimDependencies,
  message: Claim,
  deadline: Deadline,
  locate: (deadline: Deadline) => Promise<Place | undefined> = () => behindHead(deps, message.subject),
): Promise<Claimed | undefined> {
  const { history, clock } = deps;
  const limit = deadline.within(claimTimeMs);
  const nonce = deps.newId();
  if (limit.remainingMs === 0) return undefined;
  let place = await locate(limit);
  while (place !== undefined && !limit.hasPassed) {
    if (place.kind === 'taken') return duplicateOf(place.row);
    const { position } = place;
    const claimed: Claimed = { status: 'claimed', position, timestamp: message.timestamp };
    const outcome = await history.tryPut(message.subject, row(message, position, nonce));
    if (outcome === 'written') return claimed;
    // Every row from here on is met, so that neither my own nor a first copy is jumped over, and the next try is at the end.
    let last: StoredRow | undefined;
    for await (const page of history.range(message.subject, { after: position.sequence - 1 })) {
      for (const met of page) {
        if (met.nonce === nonce)
          return { ...claimed, position: { epoch: met.epoch, sequence: met.sequence } };
        if (isFirstCopy(met, message)) return duplicateOf(met);
        last = met;
      }
    }
    if (last === undefined) {
      // An unclear put that has not come in: the same sequence and nonce again, so that it can't come in twice.
      await clock.sleep(Math.min(clock.random() * longestPauseMs, limit.remainingMs));
      continue;
    }
    // The row is there, so the next sequence leaves no hole; its epoch is the log's. No pause: it would only let newcomers pass.
    place = behind(last);
  }
  return undefined;
}

/**
 * An agent may use one id for two messages; only a retry, or the same words, make them one. The late original that meets
 * its own retry is known by its words.
 */
function isFirstCopy(met: StoredRow, message: Claim): boolean {
  const isSameId = met.id === message.id && met.agentId === message.agentId;
  return isSameId && (message.isRetry || met.body === message.body);
}

function duplicateOf(met: LogEntry): Claimed {
  return {
    status: 'duplicate',
    position: { epoch: met.epoch, sequence: met.sequence },
    timestamp: met.timestamp,
  };
}

/** The place behind the end of the log; `known` spares the read. A log that has nothing to continue from starts a new epoch. */
export async function behindHead(deps: ClaimDependencies, subject: string, known?: Head): Promise<Place> {
  const { head, lastSequence } = await logEnd(deps, subject, known);
  // Above everything that was: expired rows are deleted late, and item 0 is only ever raised.
  return behind(head ?? { epoch: deps.newId(), sequence: lastSequence });
}

/** The place behind a row that is known to be there. */
export function behind({ epoch, sequence }: Position): Place {
  return { kind: 'free', position: { epoch, sequence: sequence + 1 } };
}

function row(message: Claim, position: Position, nonce: string): LogRow {
  const { id, agentId, timestamp, body, expiresAt } = message;
  return { ...position, nonce, id, agentId, timestamp, body, expiresAt };
}
