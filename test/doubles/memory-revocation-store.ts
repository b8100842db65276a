/** Revocations in memory, with the same duties as the DynamoDB store. For tests and simulations. */
import {
  isRefusedBy,
  type Revocation,
  type RevocationScope,
  type RevocationStore,
  type TokenIdentity,
} from '../../lambda/shared/ports';

export class MemoryRevocationStore implements RevocationStore {
  private readonly entries = new Map<string, Revocation>();

  /** As a scan finds them. */
  rows(): (RevocationScope & Revocation)[] {
    return [...this.entries].map(([key, revocation]) => {
      const [tenantId, agentId, tokenId] = JSON.parse(key) as [string, string | null, string | null];
      return { tenantId, agentId: agentId ?? undefined, tokenId: tokenId ?? undefined, ...revocation };
    });
  }

  isRevoked({ tenantId, agentId, tokenId, tokenIssuedAt }: TokenIdentity): Promise<boolean> {
    const scopes = [
      { tenantId },
      { tenantId, agentId },
      ...(tokenId === undefined ? [] : [{ tenantId, agentId, tokenId }]),
    ];
    return Promise.resolve(
      scopes.some((scope) => {
        const entry = this.entries.get(keyOf(scope));
        return entry !== undefined && isRefusedBy(entry, tokenIssuedAt);
      }),
    );
  }

  put(scope: RevocationScope, revocation: Revocation): Promise<void> {
    this.entries.set(keyOf(scope), revocation);
    return Promise.resolve();
  }

  remove(scope: RevocationScope): Promise<void> {
    this.entries.delete(keyOf(scope));
    return Promise.resolve();
  }
}

function keyOf({ tenantId, agentId, tokenId }: RevocationScope): string {
  return JSON.stringify([tenantId, agentId ?? null, tokenId ?? null]);
}
