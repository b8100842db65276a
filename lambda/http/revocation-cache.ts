/** Whether tokens are revoked, asked at most once in ten seconds for each: a request must not cost a read for it. */
import type { Caller } from '../shared/caller';
import type { Clock, RevocationStore } from '../shared/ports';
import { putLast } from '../shared/recently-used';
import { agentOfToken } from '../shared/subjects';

/** HTTP-1: so long a revoked token may still be used. */
const maxAgeMs = 10_000;

export class RevocationCache {
  private readonly answers = new Map<string, { readonly isRevoked: boolean; readonly at: number }>();

  constructor(
    private readonly store: RevocationStore,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  /** Throws what the store throws. */
  async isRevoked({ tenantId, agentId, tokenId, tokenIssuedAt }: Caller): Promise<boolean> {
    const token = { tenantId, agentId: agentOfToken(agentId), tokenId, tokenIssuedAt };
    const key = JSON.stringify([tenantId, agentId, tokenId, tokenIssuedAt]);
    const at = this.clock.monotonic();
    const known = this.answers.get(key);
    if (known !== undefined && at - known.at < maxAgeMs) return known.isRevoked;
    const isRevoked = await this.store.isRevoked(token);
    putLast(this.answers, key, { isRevoked, at });
    return isRevoked;
  }
}
