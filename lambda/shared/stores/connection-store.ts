/** Open connections and what they are subscribed to: rows, outcomes and the port. */

/** One open socket. Times are epoch milliseconds. */
export interface Connection {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Every channel that the connection has a subscription row for; may name some that are gone. */
  readonly channels: readonly string[];
  readonly level: number;
  /** Whether it hears its own messages. */
  readonly echo: boolean;
  readonly connectedAt: number;
  /** When the connection stops receiving: the token's expiry or the platform's two-hour limit. */
  readonly expiresAt: number;
  /** The claims `iat` (epoch milliseconds) and `jti` of the token that it was opened with; absent in rows of earlier releases. */
  readonly tokenIssuedAt?: number | undefined;
  readonly tokenId?: string | undefined;
}

export interface Subscription {
  readonly connectionId: string;
  readonly agentId: string;
  readonly level: number;
  /** Whether the connection hears its own messages. */
  readonly echo: boolean;
  /** Epoch milliseconds; a receiver past it is skipped. */
  readonly expiresAt: number;
}

/** `unknown`: the connection has no row, and none is made; `full`: it would have more channels than the limit. */
export type ChannelsOutcome =
  | {
      readonly outcome: 'added';
      /** All channels of the connection's own row. */
      readonly channels: readonly string[];
      /** Those that it did not have before. */
      readonly added: readonly string[];
    }
  | { readonly outcome: 'full' | 'unknown' };

export interface ConnectionStore {
  /** Writes the connection's own row. */
  putConnection(connection: Connection): Promise<void>;
  /** Strongly consistent. Ids without a row are missing from the answer; order is not kept. */
  getConnections(connectionIds: readonly string[]): Promise<Connection[]>;
  /** Adds channels to the connection's own row, all or none of them; without any it only reads the row. Idempotent. */
  addChannels(connectionId: string, channelIds: readonly string[], limit: number): Promise<ChannelsOutcome>;
  /** Takes a channel out of the connection's own row, if there is one. Idempotent. */
  removeChannel(connectionId: string, channelId: string): Promise<void>;
  /** Idempotent. */
  removeConnection(connectionId: string): Promise<void>;
  /** Those of the channels that the connection has no subscription row for. Strongly consistent. */
  missingSubscriptions(
    tenantId: string,
    channelIds: readonly string[],
    connectionId: string,
  ): Promise<readonly string[]>;
  putSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void>;
  /** Idempotent. */
  removeSubscription(tenantId: string, channelId: string, connectionId: string): Promise<void>;
  /** All pages, as they come. With `consistent`, every subscription made before the call is among them. Expired rows may be too. */
  subscribers(
    tenantId: string,
    channelId: string,
    consistent: boolean,
  ): AsyncIterable<readonly Subscription[]>;
  /** Strongly consistent. One whose rows are all expired may still count. */
  hasSubscribers(tenantId: string, channelId: string): Promise<boolean>;
}
