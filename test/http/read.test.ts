/** HTTP-6 to HTTP-10: reads of logs, channels and agents, the own identity, and orders. */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';
import { callsOf, callsWith, type Call } from './http-client';

const bus = useBus();

const contents = ({ body }: Awaited<ReturnType<Call>>) =>
  (body.messages as { content: unknown }[]).map(({ content }) => content);

async function publishAll(call: Call, channel: string, values: readonly unknown[]): Promise<void> {
  const body = values.map((content) => ({ content }));
  expect((await call('POST', `/channels/${channel}/messages`, { body })).status).toBe(200);
}

test('HTTP-6 reads the newest messages, older ones by before, and later ones by after', async () => {
  const call = await callsOf(bus, { tenant: fresh('t'), agent: 'alice' });
  const path = '/channels/c/messages';
  await publishAll(call, 'c', [1, 2, 3, 4, 5]);
  const newest = await call('GET', `${path}?limit=2`);
  expect(contents(newest)).toEqual([4, 5]);
  expect(newest.body).toMatchObject({ channel_id: 'c', sequence: 5, epoch: expect.any(String) });
  const older = await call('GET', `${path}?limit=2&before=${String(newest.body.next)}`);
  expect(contents(older)).toEqual([2, 3]);
  const oldest = await call('GET', `${path}?limit=2&before=${String(older.body.next)}`);
  expect(contents(oldest)).toEqual([1]);
  expect(oldest.body).not.toHaveProperty('next');

  await publishAll(call, 'c', [6, 7, 8]);
  const later = await call('GET', `${path}?limit=2&after=${String(newest.body.after)}`);
  expect(contents(later)).toEqual([6, 7]);
  const last = await call('GET', `${path}?after=${String(later.body.next)}`);
  expect(contents(last)).toEqual([8]);
  expect(contents(await call('GET', `${path}?after=${String(last.body.after)}`))).toEqual([]);
});

test('HTTP-6 begins with an empty log, and reads the own inbox', async () => {
  const tenant = fresh('t');
  const alice = await callsOf(bus, { tenant, agent: 'alice' });
  const bob = await callsOf(bus, { tenant, agent: 'bob', channels: [] });
  const empty = await alice('GET', '/channels/c/messages');
  expect(contents(empty)).toEqual([]);
  await publishAll(alice, 'c', [1]);
  expect(contents(await alice('GET', `/channels/c/messages?after=${String(empty.body.after)}`))).toEqual([1]);
  await alice('POST', '/agents/bob/messages', { body: { content: 'for bob' } });
  expect(contents(await bob('GET', '/channels/$inbox/messages'))).toEqual(['for bob']);
  expect(contents(await alice('GET', '/channels/$inbox/messages'))).toEqual([]);
});

test('HTTP-6 needs the history grant, and a position that can be continued from', async () => {
  const tenant = fresh('t');
  const alice = await callsOf(bus, { tenant, agent: 'alice', channels: ['a'] });
  expect((await alice('GET', '/channels/b/messages')).body.code).toBe('forbidden');
  await publishAll(alice, 'a', [1]);
  const ahead = Buffer.from(JSON.stringify({ epoch: 'x', sequence: 99 })).toString('base64url');
  expect(await alice('GET', `/channels/a/messages?after=${ahead}`)).toMatchObject({
    status: 410,
    body: { code: 'not_recoverable' },
  });
});

test('HTTP-7 lists the channels that have messages, with their heads, 25 at a time', async () => {
  const tenant = fresh('t');
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const channels = Array.from({ length: 27 }, (_, index) => `c${String(index).padStart(2, '0')}`);
  for (const channel of channels) await publishAll(call, channel, ['x', 'y']);
  const first = await call('GET', '/channels');
  const listed = first.body.channels as { channel_id: string }[];
  expect(listed.map(({ channel_id }) => channel_id)).toEqual(channels.slice(0, 25));
  expect(listed[0]).toEqual({
    channel_id: 'c00',
    epoch: expect.any(String),
    sequence: 2,
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  const second = await call('GET', `/channels?after=${String(first.body.next)}`);
  expect(second.body).toEqual({
    channels: [
      expect.objectContaining({ channel_id: 'c25' }),
      expect.objectContaining({ channel_id: 'c26' }),
    ],
  });
});

test('HTTP-7 lists no channel of another tenant, and none that the token may not read', async () => {
  const tenant = fresh('t');
  const all = await callsOf(bus, { tenant, agent: 'alice' });
  for (const channel of ['a', 'b']) await publishAll(all, channel, [1]);
  const some = await callsOf(bus, { tenant, agent: 'bob', channels: ['b'] });
  const foreign = await callsOf(bus, { tenant: fresh('t'), agent: 'alice' });
  expect((await some('GET', '/channels')).body.channels).toMatchObject([{ channel_id: 'b' }]);
  expect((await foreign('GET', '/channels')).body).toEqual({ channels: [] });
});

test('HTTP-8 lists agents by status and capability, and reads one', async () => {
  const tenant = fresh('t');
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const bob = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  bob.send({ type: 'presence', id: 'p', status: 'busy', capabilities: ['translate'] });
  await bob.next();
  await bus.connect({ tenant, agent: 'carol' });
  const ids = async (query: string) =>
    ((await call('GET', `/agents${query}`)).body.agents as { agent_id: string }[]).map(
      ({ agent_id }) => agent_id,
    );
  expect(await ids('')).toEqual(['bob', 'carol']);
  expect(await ids('?status=busy')).toEqual(['bob']);
  expect(await ids('?capability=translate')).toEqual(['bob']);
  expect(await ids('?status=online&capability=translate')).toEqual([]);
  const first = await call('GET', '/agents?limit=1');
  expect(await ids(`?after=${String(first.body.next)}`)).toEqual(['carol']);
  expect((await call('GET', '/agents/bob')).body).toEqual({
    agent_id: 'bob',
    status: 'busy',
    capabilities: ['translate'],
    version: expect.any(Number),
    changed_at: expect.any(String),
  });
  const narrow = await callsOf(bus, { tenant, agent: 'dan', channels: ['c'] });
  for (const path of ['/agents', '/agents/bob'])
    expect((await narrow('GET', path)).body.code).toBe('forbidden');
});

test('HTTP-8 says who the token is', async () => {
  const tenant = fresh('t');
  const call = await callsOf(bus, { tenant, agent: 'alice', channels: ['a*'] });
  expect((await call('GET', '/me')).body).toEqual({
    tenant_id: tenant,
    agent_id: 'alice',
    channels: { 'a*': expect.arrayContaining(['publish', 'subscribe', 'history', 'presence']) },
    token_expires_at: expect.any(String),
    limits: { message_bytes: 131_072, batch_messages: 25, history_messages: 1_000 },
  });
});

test('HTTP-9 ends the own connections, and those of others only with the role service', async () => {
  const tenant = fresh('t');
  const bob = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  const alice = await callsOf(bus, { tenant, agent: 'alice' });
  expect((await alice('DELETE', '/agents/bob/connections')).body.code).toBe('forbidden');
  const own = await callsOf(bus, { tenant, agent: 'bob' });
  expect(await own('DELETE', '/agents/bob/connections')).toMatchObject({
    status: 202,
    body: { status: 'accepted' },
  });
  expect(await bob.next()).toMatchObject({ type: 'GOAWAY', code: 'kicked' });
});

needs('signing key')('HTTP-10 refuses tokens from the answer on, and takes it back', async () => {
  const tenant = fresh('t');
  const service = callsWith(bus, bus.signedToken({ tenant_id: tenant, agent_id: 'ops', role: 'service' }));
  const bob = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  const plain = await callsOf(bus, { tenant, agent: 'alice' });
  expect((await plain('POST', '/revocations', { body: { agent_id: 'bob' } })).body.code).toBe('forbidden');
  expect((await service('POST', '/revocations', { body: {} })).body.code).toBe('invalid_message');
  const block = { agent_id: 'bob', block: true };
  expect((await service('POST', '/revocations', { body: block })).status).toBe(202);
  expect((await (await callsOf(bus, { tenant, agent: 'bob' }))('GET', '/me')).status).toBe(401);
  expect(await bob.next()).toMatchObject({ type: 'GOAWAY', code: 'revoked' });
  expect((await service('DELETE', '/revocations?agent_id=bob')).status).toBe(204);
  const again = callsWith(bus, bus.signedToken({ tenant_id: tenant, agent_id: 'bob', jti: 'again' }));
  expect((await again('GET', '/me')).status).toBe(200);
});

test('HTTP-11 answers pages of allowed origins', async () => {
  const call = await callsOf(bus, { tenant: fresh('t'), agent: 'alice' });
  const answer = await call('GET', '/me', { headers: { origin: 'https://console.example' } });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  const url = `${bus.baseUrls.edge.replace('ws', 'http')}/channels/c/messages`;
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://console.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
});

needs('signing key')(
  'HTTP-13 erases an agent: a read has gaps for its messages, and other roles may not',
  async () => {
    const tenant = fresh('t');
    const alice = await callsOf(bus, { tenant, agent: 'alice' });
    const bob = await callsOf(bus, { tenant, agent: 'bob' });
    await publishAll(alice, 'c', [1, 2]);
    await publishAll(bob, 'c', [3]);
    const body = { agent_id: 'alice' };
    expect((await bob('POST', '/erasures', { body })).body.code).toBe('forbidden');
    const service = callsWith(bus, bus.signedToken({ tenant_id: tenant, agent_id: 'ops', role: 'service' }));
    for (const wrong of [{}, { agent_id: '' }, { agent: 'alice' }, { all: false }])
      expect((await service('POST', '/erasures', { body: wrong })).body.code).toBe('invalid_message');
    expect(await service('POST', '/erasures', { body })).toMatchObject({
      status: 202,
      body: { status: 'accepted' },
    });
    const page = await eventually(
      () => bob('GET', '/channels/c/messages'),
      (answer) => contents(answer).length === 1,
    );
    expect(contents(page)).toEqual([3]);
    expect(page.body).toMatchObject({
      sequence: 3,
      gaps: [{ from: 1, to: 2, code: 'not_recoverable', reason: 'erased' }],
    });
  },
);
