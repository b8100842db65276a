/** What every RevocationStore promises, as cases over a factory. */
import { randomUUID } from 'node:crypto';
import type { RevocationStore } from '../../lambda/shared/ports';

export function revocationStoreSuite(create: () => RevocationStore): void {
  let store: RevocationStore;
  let tenantId: string;
  const issuedUpTo = 1_790_000_000_000;
  const later = issuedUpTo + 1;

  beforeEach(() => {
    store = create();
    tenantId = `tenant/${randomUUID()}`;
  });

  const isRevoked = (
    agentId: string,
    tokenIssuedAt: number | undefined,
    tokenId?: string,
    tenant = tenantId,
  ) => store.isRevoked({ tenantId: tenant, agentId, tokenId, tokenIssuedAt });
  const expiresAt = Date.now() + 3_600_000;

  test('refuses nobody at first', async () => {
    expect(await isRevoked('a', 0)).toBe(false);
    expect(await isRevoked('a', undefined, 'id')).toBe(false);
  });

  test('a tenant: every agent of it, up to the moment, and no other tenant', async () => {
    await store.put({ tenantId }, { issuedUpTo, expiresAt });
    expect(await isRevoked('a', issuedUpTo)).toBe(true);
    expect(await isRevoked('b', issuedUpTo, 'id')).toBe(true);
    expect(await isRevoked('a', later)).toBe(false);
    expect(await isRevoked('a', issuedUpTo, undefined, `${tenantId}-b`)).toBe(false);
  });

  test('an agent: no other agent, whatever the names are', async () => {
    await store.put({ tenantId, agentId: 'tenant' }, { issuedUpTo, expiresAt });
    expect(await isRevoked('tenant', issuedUpTo)).toBe(true);
    expect(await isRevoked('tenant', later)).toBe(false);
    expect(await isRevoked('a', issuedUpTo)).toBe(false);
    expect(await isRevoked('tenant/', issuedUpTo)).toBe(false);
  });

  test('a token that does not say when it was issued is as old as any', async () => {
    await store.put({ tenantId, agentId: 'a' }, { issuedUpTo, expiresAt });
    expect(await isRevoked('a', undefined)).toBe(true);
  });

  test('one token: no other token of the agent, and none of another agent', async () => {
    await store.put({ tenantId, agentId: 'a', tokenId: 'all' }, { issuedUpTo: later, expiresAt });
    expect(await isRevoked('a', issuedUpTo, 'all')).toBe(true);
    expect(await isRevoked('a', issuedUpTo, 'other')).toBe(false);
    expect(await isRevoked('a', issuedUpTo)).toBe(false);
    expect(await isRevoked('b', issuedUpTo, 'all')).toBe(false);
  });

  test('is taken back for its own scope only', async () => {
    const scopes = [{ tenantId }, { tenantId, agentId: 'a' }, { tenantId, agentId: 'a', tokenId: 'id' }];
    for (const scope of scopes) await store.put(scope, { issuedUpTo: later, expiresAt: undefined });
    for (const scope of scopes) {
      expect(await isRevoked('a', issuedUpTo, 'id')).toBe(true);
      await store.remove(scope);
      await store.remove(scope);
    }
    expect(await isRevoked('a', issuedUpTo, 'id')).toBe(false);
  });

  test('the last order for a scope counts', async () => {
    await store.put({ tenantId }, { issuedUpTo: Number.MAX_SAFE_INTEGER, expiresAt: undefined });
    await store.put({ tenantId }, { issuedUpTo, expiresAt });
    expect(await isRevoked('a', later)).toBe(false);
  });
}
