/**
 * What the sweep does with one connection: asks the platform, ends it, removes it, or completes its rows.
 */
import { goAwayText, type GoAwayCode } from '../../protocol/index';
import { announceArrival } from '../agents/announce';
import { isPastLifetime } from '../agents/lifetime';
import { mapStoreCalls } from '../shared/each-concurrently';
import { openingGraceMs } from '../agents/probe-connection';
import type { Pacer } from '../agents/pacer';
import type { AgentStore } from '../shared/stores/agent-store';
import type { TenantQuotas, TenantUsageStore } from '../shared/stores/tenant-usage';
import type { Connection, ConnectionStore } from '../shared/stores/connection-store';
import type { Clock, ConnectionCloser, ConnectionSender, RevocationStore } from '../shared/ports';
import { removeConnection, type RemovalDependencies } from '../agents/remove-connection';
import type { SweepStore } from '../shared/stores/sweep-store';

export interface SweepDependencies extends RemovalDependencies {
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly sweep: SweepStore;
  readonly usage: Pick<TenantUsageStore, 'putCounts'>;
  readonly quotas: TenantQuotas;
  readonly revocations: Pick<RevocationStore, 'isRevoked'>;
  readonly sender: ConnectionSender & ConnectionCloser;
  readonly clock: Clock;
}

/**
 * - `over`: past its two hours, when the platform has ended it.
 * - `expired`: its token has run out; it was told to come back with another, and closed.
 * - `revoked`: its token was revoked, and the function that revokes has missed it; it was told, and closed.
 * - `gone`: the platform does not know it any more.
 * - `open`, `repaired`: it is there, and so are its rows, now.
 * - `unknown`: the platform gave no answer; its next turn asks again.
 */
export type SweepOutcome = 'over' | 'expired' | 'revoked' | 'gone' | 'open' | 'repaired' | 'unknown';

/** What a connection's row says that the other tables lack. */
export interface Missing {
  readonly isMember: boolean;
  readonly channels: readonly string[];
}

const postMs = 1_000;
/** It is open: the limit has been seen to. */
const noLimit = Number.MAX_SAFE_INTEGER;

/** What the sweep does with the connection now, if anything (END-5, END-7). */
export function sweepActionFor(
  { connectedAt, expiresAt }: Connection,
  now: number,
): 'end' | 'check' | undefined {
  // The $connect of an opening connection is still writing its rows.
  if (now - connectedAt < openingGraceMs) return undefined;
  if (expiresAt <= now || isPastLifetime({ connectedAt }, now)) return 'end';
  return 'check';
}

/** Throws what the stores throw. */
export async function endConnection(
  deps: SweepDependencies,
  pacer: Pacer,
  row: Connection,
  code: GoAwayCode & ('token_expired' | 'revoked') = 'token_expired',
): Promise<SweepOutcome> {
  const { connectionId, level, connectedAt } = row;
  // END-6
  if (!isPastLifetime({ connectedAt }, deps.clock.now())) {
    if (level > 0) {
      await pacer.turn();
      // The outcome does not matter: the connection is closed next.
      await deps.sender.post(connectionId, goAwayText(code, deps.clock.now()), postMs);
    }
    await pacer.turn();
    if ((await deps.sender.close(connectionId)) === 'unknown') return 'unknown';
  }
  await removeConnection(deps, row, row);
  if (isPastLifetime({ connectedAt }, deps.clock.now())) return 'over';
  return code === 'revoked' ? 'revoked' : 'expired';
}

/** Throws what the stores throw. */
export async function checkConnection(
  deps: SweepDependencies,
  pacer: Pacer,
  row: Connection,
  missing: Missing,
): Promise<SweepOutcome> {
  const { connectionId } = row;
  await pacer.turn();
  const status = await deps.sender.status(connectionId);
  if (status === 'unknown') return 'unknown'; // END-7
  if (status === 'gone') {
    await removeConnection(deps, row, row);
    return 'gone';
  }
  const isWhole = missing.isMember && missing.channels.length === 0;
  return isWhole ? 'open' : repair(deps, pacer, row, missing);
}

/**
 * A removal that went wrong halfway, of a connection that is open after all. A right one may be under way at the same
 * time: it began when the socket had ended, so asking after the repair tells, and undoes it.
 */
async function repair(
  deps: SweepDependencies,
  pacer: Pacer,
  swept: Connection,
  missing: Missing,
): Promise<SweepOutcome> {
  const { connectionId } = swept;
  const [row] = await deps.connections.getConnections([connectionId]);
  if (row === undefined) return 'gone';
  const { tenantId, agentId, channels } = row;
  if (!missing.isMember) {
    const { arrival } = await deps.agents.addConnection(tenantId, agentId, connectionId, noLimit);
    if (arrival !== undefined) await announceArrival(deps, tenantId, arrival);
  }
  // Those that the client has left since the scan stay left.
  const lost = missing.channels.filter((channelId) => channels.includes(channelId));
  await mapStoreCalls(lost, (channelId) => deps.sweep.restoreSubscription(tenantId, channelId, row));
  await pacer.turn();
  const [after] = await deps.connections.getConnections([connectionId]);
  if (after !== undefined && (await deps.sender.status(connectionId)) !== 'gone') {
    // What the client has left while it was restored.
    const left = lost.filter((channelId) => !after.channels.includes(channelId));
    await Promise.all(
      left.map((channelId) => deps.connections.removeSubscription(tenantId, channelId, connectionId)),
    );
    return 'repaired';
  }
  await removeConnection(deps, swept, row);
  return 'gone';
}
