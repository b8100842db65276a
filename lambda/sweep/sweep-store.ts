/**
 * What the sweep reads and writes beyond the other stores: all rows of all tenants, which no other code sees.
 */
import type { ConnectedAgent } from '../shared/agent-store';
import type { Connection, Subscription } from '../shared/connection-store';

export interface SubscriptionRow {
  readonly tenantId: string;
  readonly channelId: string;
  readonly connectionId: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface SweptConnection extends Connection {
  /** Epoch milliseconds: when the platform last said that it is open; at first, when it was opened. */
  readonly checkedAt: number;
}

/** A part of the table of connections. */
export interface SweepPage {
  readonly connections: readonly SweptConnection[];
  readonly subscriptions: readonly SubscriptionRow[];
  /** Opaque: where the next page begins; absent after the last one. */
  readonly next: string | undefined;
}

export interface SweepStore {
  /** Pages from `after` on, or from the beginning. Eventually consistent. */
  pages(after: string | undefined): AsyncIterable<SweepPage>;
  /** Eventually consistent. */
  connectedAgents(): AsyncIterable<readonly ConnectedAgent[]>;
  /** Nothing happens to a connection that has no row. */
  markChecked(connectionId: string, at: number): Promise<void>;
  /** Writes the subscription if it is not there. Idempotent. */
  restoreSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void>;
  /** Where the last run stopped; absent when it came to the end. Strongly consistent. */
  cursor(): Promise<string | undefined>;
  moveCursor(to: string | undefined): Promise<void>;
}
