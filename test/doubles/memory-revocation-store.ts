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
