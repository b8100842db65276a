/** What every SweepStore promises, as cases over a factory. The stores beside it show and make what it works on. */
import type { AgentStore } from '../../lambda/shared/stores/agent-store';
import type { Connection, ConnectionStore } from '../../lambda/shared/stores/connection-store';
import type { TenantUsageStore } from '../../lambda/shared/stores/tenant-usage';
import type { RevocationStore } from '../../lambda/shared/ports';
import type { SweepPage, SweepStore } from '../../lambda/shared/stores/sweep-store';
import { collect } from './collect';

export interface SweepStores {
  readonly sweep: SweepStore;
  readonly connections: ConnectionStore;
  readonly agents: AgentStore;
  readonly revocations: RevocationStore;
  readonly usage: TenantUsageStore;
}

const now = 1_790_000_000_000;

/** The factory makes stores with pages of three rows. */
export function sweepStoreSuite(create: () => SweepStores): void {
  let stores: SweepStores;
  let tenant: string;
  let counter = 0;

  beforeEach(() => {
    stores = create();
    counter += 1;
    tenant = `swept/${String(counter)}-${String(process.pid)}`;
  });

  const connection = (connectionId: string): Connection => ({
    connectionId: `${tenant}-${connectionId}`,
    tenantId: tenant,
    agentId: 'a',
    channels: ['c'],
    level: 1,
    echo: false,
    connectedAt: now,
    expiresAt: now + 60_000,
  });

  const readFrom = async (after?: string): Promise<SweepPage[]> => {
    const pages: SweepPage[] = [];
    for await (const page of stores.sweep.pages(after)) pages.push(page);
    return pages;
  };
  /** Of the tenant of the test: the table may hold more. */
  const mine = (pages: readonly SweepPage[]) => ({
    connections: pages
      .flatMap(({ connections }) => connections)
      .filter(({ tenantId }) => tenantId === tenant)
      .sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1)),
    subscriptions: pages
      .flatMap(({ subscriptions }) => subscriptions)
      .filter(({ tenantId }) => tenantId === tenant)
      .sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1)),
  });

  test('lists agents that sleep, have mail, and were not announced', async () => {
    const expiresAt = Date.now() + 3_600_000;
    const miss = (agentId: string) =>
      stores.agents.recordMissed({ tenantId: tenant, agentId, sequence: 1, expiresAt }, undefined);
    for (const agentId of ['never-here', 'announced', 'away', 'connected', 'back-again']) await miss(agentId);
    await stores.agents.addConnection(tenant, 'no-mail', '1=', 9);
    await stores.agents.removeConnection(tenant, 'no-mail', '1=');
    await stores.agents.addConnection(tenant, 'connected', '2=', 9);
    await stores.agents.markWoken((await stores.agents.claimWake(tenant, 'announced', 0))!);
    await stores.agents.markWoken((await stores.agents.claimWake(tenant, 'back-again', 0))!);
    for (const agentId of ['away', 'back-again']) {
      await stores.agents.addConnection(tenant, agentId, '3=', 9);
      await stores.agents.removeConnection(tenant, agentId, '3=');
    }
    const found = (await collect(stores.sweep.sleepers())).filter(({ tenantId }) => tenantId === tenant);
    expect(found.map(({ agentId }) => agentId).sort()).toEqual(['away', 'back-again', 'never-here']);
  });

  test('reads every revocation with whom it is about', async () => {
    const revocation = { issuedUpTo: now, expiresAt: now + 60_000 };
    const scopes = [
      { tenantId: tenant, agentId: undefined, tokenId: undefined },
      { tenantId: tenant, agentId: 'a/%', tokenId: undefined },
      { tenantId: tenant, agentId: 'a/%', tokenId: 'all' },
      { tenantId: tenant, agentId: 'a/%', tokenId: 'jti/é' },
    ];
    for (const scope of scopes) await stores.revocations.put(scope, revocation);
    const read = (await readFrom()).flatMap(({ revocations }) => revocations);
    const found = read
      .filter(({ tenantId }) => tenantId === tenant)
      .map(({ tenantId, agentId, tokenId, issuedUpTo }) => ({ tenantId, agentId, tokenId, issuedUpTo }));
    expect(found).toHaveLength(scopes.length);
    expect(found).toEqual(expect.arrayContaining(scopes.map((scope) => ({ ...scope, issuedUpTo: now }))));
  });

  test('reads every connection and subscription, once, and goes on from every page', async () => {
    for (const id of ['1', '2', '3', '4', '5']) {
      await stores.connections.putConnection(connection(id));
      await stores.connections.putSubscription(tenant, 'c/%', connection(id));
    }
    const pages = await readFrom();
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.at(-1)?.next).toBeUndefined();
    expect(pages.slice(0, -1).every(({ next }) => next !== undefined)).toBe(true);
    const all = mine(pages);
    expect(all.connections).toEqual(['1', '2', '3', '4', '5'].map((id) => ({ ...connection(id) })));
    expect(all.subscriptions).toEqual(
      ['1', '2', '3', '4', '5'].map((id) => ({
        tenantId: tenant,
        channelId: 'c/%',
        connectionId: `${tenant}-${id}`,
        expiresAt: now + 60_000,
      })),
    );
    // From the pages with rows of the test: each goes on to the end of a table that may be long.
    for (const [index, page] of pages.slice(0, -1).entries()) {
      const { connections, subscriptions } = mine([page]);
      if (connections.length + subscriptions.length === 0) continue;
      const { next } = page;
      const rest = mine([...pages.slice(0, index + 1), ...(await readFrom(next))]);
      expect(rest).toEqual(all);
    }
  });

  test('restores a subscription that is missing, and leaves one that is there alone', async () => {
    await stores.sweep.restoreSubscription(tenant, 'c', connection('1'));
    await stores.sweep.restoreSubscription(tenant, 'c', { ...connection('1'), echo: true, level: 0 });
    expect(await collect(stores.connections.subscribers(tenant, 'c', true))).toEqual([
      { connectionId: `${tenant}-1`, agentId: 'a', level: 1, echo: false, expiresAt: now + 60_000 },
    ]);
  });

  test('finds the agents that have connections', async () => {
    await stores.agents.addConnection(tenant, 'a', '1=', 9);
    await stores.agents.addConnection(tenant, 'a', '2=', 9);
    await stores.agents.addConnection(tenant, 'b', '3=', 9);
    await stores.agents.addConnection(tenant, 'gone', '4=', 9);
    await stores.agents.removeConnection(tenant, 'gone', '4=');
    const found = (await collect(stores.sweep.agents(false)))
      .filter(({ tenantId }) => tenantId === tenant)
      .map(({ agentId, connectionIds }) => [agentId, ...[...connectionIds].sort()])
      .sort();
    expect(found).toEqual([
      ['a', '1=', '2='],
      ['b', '3='],
    ]);
  });

  test('finds the agents that never connected, unless they are expired, and what was counted of them', async () => {
    const miss = (agentId: string) =>
      stores.agents.recordMissed({ tenantId: tenant, agentId, sequence: 1, expiresAt: 1 }, undefined);
    await stores.agents.addConnection(tenant, 'away', '1=', 9);
    await stores.agents.removeConnection(tenant, 'away', '1=');
    for (const agentId of ['away', 'never', 'nowhere']) await miss(agentId);
    await stores.agents.addConnection(tenant, 'nowhere', '2=', 9);
    await stores.usage.addUnknownAgent(tenant, 9);
    const found = (await collect(stores.sweep.agents(false))).filter(({ tenantId }) => tenantId === tenant);
    expect(found.map(({ agentId, isKnown }) => [agentId, isKnown]).sort()).toEqual([
      ['never', false],
      ['nowhere', true],
    ]);
    const all = (await collect(stores.sweep.agents(true))).filter(({ tenantId }) => tenantId === tenant);
    expect(all.map(({ agentId, isKnown }) => [agentId, isKnown]).sort()).toEqual([
      ['away', true],
      ['never', false],
      ['nowhere', true],
    ]);
    const counted = (await readFrom()).flatMap(({ tenantCounts }) => tenantCounts);
    expect(counted.filter(({ tenantId }) => tenantId === tenant)).toEqual([
      { tenantId: tenant, counts: { connections: 0, agents: 0, unknownAgents: 1 } },
    ]);
  });

  test('keeps its place, and no row of it is taken for anything else', async () => {
    expect((await stores.sweep.cursor()).page).toBeUndefined();
    const cursor = { page: '{"a":1}', place: 2 ** 47, reached: 2 ** 48 };
    await stores.sweep.moveCursor(cursor);
    expect(await stores.sweep.cursor()).toEqual(cursor);
    const { connections, subscriptions } = mine(await readFrom());
    expect([...connections, ...subscriptions]).toEqual([]);
    await stores.sweep.moveCursor({ ...cursor, page: undefined });
    expect(await stores.sweep.cursor()).toEqual({ ...cursor, page: undefined });
  });
}
