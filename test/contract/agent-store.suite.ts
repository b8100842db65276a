/** What every AgentStore promises, as cases over a factory. `inspect` shows what is stored. */
import type { AgentStore } from '../../lambda/core/ports';

export interface InspectableAgentStore {
  readonly store: AgentStore;
  readonly inspect: (
    tenantId: string,
    agentId: string,
  ) => Promise<{ status?: string | undefined; version?: number | undefined } | undefined>;
}

export function agentStoreSuite(create: () => InspectableAgentStore): void {
  let store: AgentStore;
  let inspect: InspectableAgentStore['inspect'];
  let tenant: string;
  let counter = 0;

  beforeEach(() => {
    ({ store, inspect } = create());
    counter += 1;
    tenant = `tenant-${String(counter)}-${String(process.pid)}`;
  });

  test('is online from the first connection to the last', async () => {
    expect(await store.addConnection(tenant, 'a', '1=', 9)).toMatchObject({ outcome: 'added' });
    expect(await store.addConnection(tenant, 'a', '2=', 9)).toMatchObject({ outcome: 'added' });
    expect(await store.removeConnection(tenant, 'a', '1=')).toBe(true);
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'online' });
    expect(await store.removeConnection(tenant, 'a', '2=')).toBe(true);
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'offline' });
    expect(await store.connectionIds(tenant, 'a')).toEqual([]);
    expect(await store.addConnection(tenant, 'a', '3=', 9)).toMatchObject({ outcome: 'added' });
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'online' });
  });

  test('raises the version with each change of the set, and only then', async () => {
    const versions: number[] = [];
    const note = async (): Promise<void> => {
      versions.push((await inspect(tenant, 'a'))?.version ?? 0);
    };
    await store.addConnection(tenant, 'a', '1=', 9);
    await note();
    expect(await store.addConnection(tenant, 'a', '1=', 9)).toMatchObject({ outcome: 'present' });
    await note();
    expect(await store.removeConnection(tenant, 'a', 'other=')).toBe(false);
    await note();
    await store.addConnection(tenant, 'a', '2=', 9);
    await note();
    await store.removeConnection(tenant, 'a', '1=');
    await note();
    await store.removeConnection(tenant, 'a', '2=');
    await note();
    const first = versions[0]!;
    expect(first).toBeGreaterThan(1_600_000_000_000);
    expect(versions).toEqual([first, first, first, first + 1, first + 2, first + 3]);
  });

  test('refuses one connection too many, and takes it when there is room again', async () => {
    await store.addConnection(tenant, 'a', '1=', 2);
    await store.addConnection(tenant, 'a', '2=', 2);
    expect(await store.addConnection(tenant, 'a', '3=', 2)).toMatchObject({ outcome: 'full' });
    expect(await store.addConnection(tenant, 'a', '2=', 2)).toMatchObject({ outcome: 'present' });
    await store.removeConnection(tenant, 'a', '1=');
    expect(await store.addConnection(tenant, 'a', '3=', 2)).toMatchObject({ outcome: 'added' });
    expect([...(await store.connectionIds(tenant, 'a'))].sort()).toEqual(['2=', '3=']);
  });

  test('does not know an agent that was never there', async () => {
    expect(await store.connectionIds(tenant, 'nobody')).toEqual([]);
    expect(await store.removeConnection(tenant, 'nobody', '1=')).toBe(false);
    expect(await inspect(tenant, 'nobody')).toBeUndefined();
  });

  test('keeps tenants and agents apart, whatever their ids', async () => {
    await store.addConnection(tenant, 'a/b', '1=', 9);
    await store.addConnection(`${tenant}/a`, 'b', '2=', 9);
    await store.addConnection(tenant, 'a%2Fb', '3=', 9);
    expect(await store.connectionIds(tenant, 'a/b')).toEqual(['1=']);
    expect(await store.connectionIds(`${tenant}/a`, 'b')).toEqual(['2=']);
    expect(await store.connectionIds(tenant, 'a%2Fb')).toEqual(['3=']);
  });

  test('ends in the true status whatever runs at the same time', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `${String(n)}=`);
    await Promise.all(ids.map((id) => store.addConnection(tenant, 'a', id, 99)));
    await Promise.all([
      ...ids.slice(1).map((id) => store.removeConnection(tenant, 'a', id)),
      ...ids.slice(1).map((id) => store.removeConnection(tenant, 'a', id)),
      store.addConnection(tenant, 'a', 'late=', 99),
    ]);
    expect([...(await store.connectionIds(tenant, 'a'))].sort()).toEqual(['0=', 'late=']);
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'online' });
    await Promise.all(['0=', 'late='].map((id) => store.removeConnection(tenant, 'a', id)));
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'offline' });
  });
}
