/** Revocations as the sweep reads them, with the same answer as the store of revocations. */
import { agentOfToken } from '../shared/subjects';
import type { Connection } from '../shared/stores/connection-store';
import { isRefusedBy, type TokenIdentity } from '../shared/ports';
import type { RevocationRow } from '../shared/stores/sweep-store';

export class RevokedTokens {
  private readonly rows = new Map<string, RevocationRow>();

  add(row: RevocationRow): void {
    this.rows.set(keyOf(row.tenantId, row.agentId, row.tokenId), row);
  }

  includes({ tenantId, agentId, tokenId, tokenIssuedAt }: TokenIdentity): boolean {
    const keys = [
      keyOf(tenantId),
      keyOf(tenantId, agentId),
      ...(tokenId === undefined ? [] : [keyOf(tenantId, agentId, tokenId)]),
    ];
    return keys.some((key) => {
      const row = this.rows.get(key);
      return row !== undefined && isRefusedBy(row, tokenIssuedAt);
    });
  }
}

/** The token that the connection was opened with. */
export function tokenOf({ tenantId, agentId, tokenId, tokenIssuedAt }: Connection): TokenIdentity {
  return { tenantId, agentId: agentOfToken(agentId), tokenId, tokenIssuedAt };
}

function keyOf(...ids: readonly (string | undefined)[]): string {
  return JSON.stringify(ids.filter((id) => id !== undefined));
}
