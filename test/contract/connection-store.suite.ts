/** What every ConnectionStore promises, as cases over a factory. */
import type { Connection, ConnectionStore, Subscription } from '../../lambda/shared/stores/connection-store';
import { collect } from './collect';

const connection = (connectionId: string, channels: readonly string[] = []): Connection => ({
  connectionId,
  tenantId: 'tenant/ä',
  agentId: 'agent|1',
  channels,
  level: 0,
  echo: false,
  connectedAt: 1_790_000_000_123,
  expiresAt: 1_790_007_260_456,
});

const subscription = (connectionId: string): Subscription => ({
  connectionId,
  agentId: 'agent|1',
  level: 0,
  echo: true,
  expiresAt: 1_790_007_260_000,
});

export function connectionStoreSuite(create: () => ConnectionStore): void {
  let store: ConnectionStore;
  let tenant: string;
  let counter = 0;

  beforeEach(() => {
    store = create();
    counter += 1;
    tenant = `tenant-${String(counter)}-${String(process.pid)}`;
  });

  const subscribers = async (channel: string): Promise<Subscription[]> => {
    const found = await collect(store.subscribers(tenant, channel, true));
    return found.sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
  };

  test('gives back a connection as it was put', async () => {
    await store.putConnection(connection(`${tenant}-a=`, ['x', 'y.z']));
    await store.putConnection(connection(`${tenant}-b=`));
    const found = await store.getConnections([`${tenant}-b=`, `${tenant}-missing=`, `${tenant}-a=`]);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual(connection(`${tenant}-a=`, ['x', 'y.z']));
    expect(found).toContainEqual(connection(`${tenant}-b=`));
  });

  test('finds more connections than one request may ask for, each once', async () => {
    const ids = Array.from({ length: 230 }, (_, n) => `${tenant}-${String(n)}=`);
    for (const id of ids) await store.putConnection(connection(id));
    const found = await store.getConnections([...ids, ...ids.slice(0, 7)]);
    expect(found.map((row) => row.connectionId).sort()).toEqual([...ids].sort());
  });

  const channelsOf = async (id: string): Promise<string[] | undefined> => {
    const [row] = await store.getConnections([id]);
    return row && [...row.channels].sort();
  };

  test('adds channels to a connection, also those that it has', async () => {
    await store.putConnection(connection(`${tenant}-a=`));
    const add = (...channelIds: string[]) => store.addChannels(`${tenant}-a=`, channelIds, 3);
    expect(await add('x', 'y')).toMatchObject({ outcome: 'added', added: ['x', 'y'] });
    const second = await add('y', 'z');
    expect(second).toMatchObject({ outcome: 'added', added: ['z'] });
    expect(second).toHaveProperty('channels', expect.arrayContaining(['x', 'y', 'z']));
    expect(await add('x', 'z')).toMatchObject({ outcome: 'added', added: [] });
    expect(await channelsOf(`${tenant}-a=`)).toEqual(['x', 'y', 'z']);
  });

  test('adds no channel over the limit, and none of those that come with it', async () => {
    await store.putConnection(connection(`${tenant}-a=`, ['x', 'y']));
    expect(await store.addChannels(`${tenant}-a=`, ['z', 'zz'], 3)).toEqual({ outcome: 'full' });
    expect(await channelsOf(`${tenant}-a=`)).toEqual(['x', 'y']);
  });

  test('adds no channel to a connection that is not there', async () => {
    expect(await store.addChannels(`${tenant}-a=`, ['x'], 3)).toEqual({ outcome: 'unknown' });
    expect(await store.getConnections([`${tenant}-a=`])).toEqual([]);
  });

  test('takes a channel out of a connection, also one that it never had', async () => {
    await store.putConnection(connection(`${tenant}-a=`, ['x', 'y']));
    await store.removeChannel(`${tenant}-a=`, 'x');
    await store.removeChannel(`${tenant}-a=`, 'never');
    expect(await channelsOf(`${tenant}-a=`)).toEqual(['y']);
    await store.removeChannel(`${tenant}-a=`, 'y');
    expect(await channelsOf(`${tenant}-a=`)).toEqual([]);
    expect(await store.addChannels(`${tenant}-a=`, ['z'], 3)).toMatchObject({ outcome: 'added' });
    await store.removeChannel(`${tenant}-missing=`, 'x');
    expect(await channelsOf(`${tenant}-missing=`)).toBeUndefined();
  });

  test('removes a connection, also one that is not there', async () => {
    await store.putConnection(connection(`${tenant}-a=`));
    await store.removeConnection(`${tenant}-a=`);
    await store.removeConnection(`${tenant}-a=`);
    expect(await store.getConnections([`${tenant}-a=`])).toEqual([]);
  });

  test('lists the subscribers of one channel of one tenant', async () => {
    await store.putSubscription(tenant, 'news', subscription('a='));
    await store.putSubscription(tenant, 'news', { ...subscription('b='), echo: false, level: 1 });
    await store.putSubscription(tenant, 'news.2', subscription('c='));
    await store.putSubscription(`${tenant}2`, 'news', subscription('d='));
    expect(await subscribers('news')).toEqual([
      subscription('a='),
      { ...subscription('b='), echo: false, level: 1 },
    ]);
  });

  test('tells which subscriptions are missing', async () => {
    await store.putSubscription(tenant, 'news', subscription('a='));
    await store.putSubscription(tenant, 'other', subscription('b='));
    expect(await store.missingSubscriptions(tenant, ['news', 'other', 'none'], 'a=')).toEqual([
      'other',
      'none',
    ]);
    const many = Array.from({ length: 150 }, (_, n) => `c${String(n)}`);
    expect(await store.missingSubscriptions(tenant, [...many, 'news'], 'a=')).toEqual(many);
  });

  test('keeps one row per connection and channel', async () => {
    await store.putSubscription(tenant, 'news', subscription('a='));
    await store.putSubscription(tenant, 'news', { ...subscription('a='), echo: false });
    expect(await subscribers('news')).toEqual([{ ...subscription('a='), echo: false }]);
  });

  test('removes a subscription, also one that is not there', async () => {
    await store.putSubscription(tenant, 'news', subscription('a='));
    await store.removeSubscription(tenant, 'news', 'a=');
    await store.removeSubscription(tenant, 'news', 'a=');
    expect(await subscribers('news')).toEqual([]);
  });

  test('tells whether anybody is subscribed at all', async () => {
    expect(await store.hasSubscribers(tenant, 'x')).toBe(false);
    await store.putSubscription(tenant, 'x', subscription('a='));
    expect(await store.hasSubscribers(tenant, 'x')).toBe(true);
    expect(await store.hasSubscribers(tenant, 'y')).toBe(false);
    await store.removeSubscription(tenant, 'x', 'a=');
    expect(await store.hasSubscribers(tenant, 'x')).toBe(false);
  });
}
