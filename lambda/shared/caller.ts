/**
 * Who sent the frame: what the authorizer found out at the handshake, as it rides along with every later event.
 */
import type { Grants } from '../../protocol/index';

export interface Caller {
  readonly connectionId: string;
  /** Epoch milliseconds, as the platform says. */
  readonly connectedAt: number;
  readonly tenantId: string;
  /** Of an observer its own id, apart from every agent's (`subjects.ts`). */
  readonly agentId: string;
  /** The channel that the connection was opened for. */
  readonly channelId: string | undefined;
  readonly grants: Grants;
  /** Epoch milliseconds: the token's `exp`. */
  readonly tokenExpiresAt: number;
  /** Epoch milliseconds: the token's `iat`. */
  readonly tokenIssuedAt?: number | undefined;
  /** The token's `jti`. */
  readonly tokenId?: string | undefined;
  readonly level: number;
  /** Whether the connection hears its own messages. */
  readonly echo: boolean;
}
