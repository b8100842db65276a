/**
 * What the sweep reads and writes beyond the other stores: all rows of all tenants, which no other code sees.
 */
import type { AgentName, ConnectedAgent } from './agent-store';
import type { Connection, Subscription } from './connection-store';
import type { RevocationScope } from '../ports';
import type { TenantCounts } from './tenant-usage';

export interface SubscriptionRow {
  readonly tenantId: string;
  readonly channelId: string;
  readonly connectionId: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Whose tokens are refused that were issued until then (epoch milliseconds). */
export interface RevocationRow extends RevocationScope {
  readonly issuedUpTo: number;
}

export interface SweptAgent extends ConnectedAgent {
  /** False for one that never connected. */
  readonly isKnown: boolean;
}

export interface TenantCountsRow {
  readonly tenantId: string;
  readonly counts: TenantCounts;
}

/** A part of the table of connections. */
export interface SweepPage {
  readonly connections: readonly Connection[];
  readonly subscriptions: readonly SubscriptionRow[];
  readonly revocations: readonly RevocationRow[];
  readonly tenantCounts: readonly TenantCountsRow[];
  /** Opaque: where the next page begins; absent after the last one. */
  readonly next: string | undefined;
}

/** Where a run goes on. */
export interface SweepCursor {
  /** Start of the next part of the table; absent at its beginning. */
  readonly page: string | undefined;
  /** Place on the ring of connections at which each part of this round begins. */
  readonly place: number;
  /** How far from there every part of this round has been checked so far. */
  readonly reached: number;
}

/** Empty before the first move; one of an earlier release has only `page`. */
export type StoredCursor = { readonly [Name in keyof SweepCursor]?: SweepCursor[Name] | undefined };

export interface SweepStore {
  /** Pages from `after` on, or from the beginning. Eventually consistent. */
  pages(after: string | undefined): AsyncIterable<SweepPage>;
  /**
   * Those that have connections, and those that never connected; with `all` also those that are away. Observers are among them.
   * Eventually consistent.
   */
  agents(all: boolean): AsyncIterable<readonly SweptAgent[]>;
  /** Agents without connections that have missed messages, and about whom no event was sent since they left. Eventually consistent. */
  sleepers(): AsyncIterable<readonly AgentName[]>;
  /** Writes the subscription if it is not there. Idempotent. */
  restoreSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void>;
  /** Strongly consistent. */
  cursor(): Promise<StoredCursor>;
  moveCursor(to: SweepCursor): Promise<void>;
}
