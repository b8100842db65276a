/** What HTTP requests cost and when they fail, over stores in memory; test/http has the rules over a gateway. */
import { createHttpWorld } from './http-world';
import type { RevocationStore } from '../../lambda/shared/ports';
import { RevocationCache } from '../../lambda/http/revocation-cache';

const alice = { tenant_id: 't', agent_id: 'alice' };

test('a revocation is looked up once in ten seconds for each token', async () => {
  const world = createHttpWorld();
  const isRevoked = jest.spyOn(world.revocations, 'isRevoked');
  for (let number = 0; number < 5; number++) await world.request(alice, 'GET', '/me');
  expect(isRevoked).toHaveBeenCalledTimes(1);
  await world.revocations.put({ tenantId: 't' }, { issuedUpTo: world.clock.time, expiresAt: undefined });
  expect((await world.request({ ...alice, iat: 1 }, 'GET', '/me')).status).toBe(401);
  expect((await world.request(alice, 'GET', '/me')).status).toBe(200);
  world.clock.time += 10_000;
  expect((await world.request(alice, 'GET', '/me')).status).toBe(401);
});

test('the answers for a bounded number of tokens are remembered', async () => {
  const asked: (string | undefined)[] = [];
  const isRevoked = ({ tokenId }: { readonly tokenId: string | undefined }) => {
    asked.push(tokenId);
    return Promise.resolve(false);
  };
  const store = { isRevoked } as unknown as RevocationStore;
  const cache = new RevocationCache(store, { monotonic: () => 0 });
  const caller = createHttpWorld().caller('c');
  const ask = (n: number) => cache.isRevoked({ ...caller, tokenId: `token-${String(n)}` });
  for (let n = 0; n <= 5_000; n++) await ask(n);
  await ask(5_000);
  expect(asked).toHaveLength(5_001);
  await ask(0);
  expect(asked.at(-1)).toBe('token-0');
});

test('a request is refused while it is not known whether its token is revoked', async () => {
  const world = createHttpWorld();
  jest.spyOn(world.revocations, 'isRevoked').mockRejectedValue(new Error('down'));
  expect(await world.request(alice, 'GET', '/me')).toMatchObject({ status: 500, body: { code: 'internal' } });
});

test('CON-16 where only the edge may be used, a request past it is refused', async () => {
  const edge = { header: 'Artcafe-Edge-Secret', secrets: ['new', 'old'] };
  const publish = (headers: Readonly<Record<string, string>>) => {
    const world = createHttpWorld({ edge, headers });
    return world.request(alice, 'POST', '/channels/c/messages', { content: 1 });
  };
  for (const headers of [{}, { 'artcafe-edge-secret': 'wrong' }])
    expect(await publish(headers)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect((await publish({ 'artcafe-edge-secret': 'old' })).status).toBe(200);
});

test('over the rate: 429 with the time to wait, and a batch says which messages were refused', async () => {
  const none = { perSecond: 0, burst: 0 };
  const world = createHttpWorld({
    rateLimits: { agent: { perSecond: 0.1, burst: 3 }, tenant: none, agentWork: none, tenantWork: none },
  });
  const path = '/channels/c/messages';
  const batch = ['a', 'b', 'c', 'd'].map((id) => ({ id, content: 1 }));
  expect((await world.request(alice, 'POST', path, batch)).body).toMatchObject([
    { type: 'ACK', message_id: 'a' },
    { type: 'ACK', message_id: 'b' },
    { type: 'ACK', message_id: 'c' },
    { type: 'ERROR', message_id: 'd', code: 'rate_limited' },
  ]);
  for (const body of [batch, { id: 'a', content: 1 }]) {
    const refused = await world.request(alice, 'POST', path, body);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited', message_id: 'a' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  }
  expect((await world.request(alice, 'GET', '/me')).status).toBe(429);
});

test('work is charged as on a socket: a publish what its deliveries have cost, any other request what it costs itself', async () => {
  const none = { perSecond: 0, burst: 0 };
  const limited = (burst: number) =>
    createHttpWorld({
      rateLimits: { agent: none, tenant: none, agentWork: { perSecond: 0.1, burst }, tenantWork: none },
    });
  const crowded = limited(30);
  for (let index = 0; index < 30; index++) await crowded.open(`c${String(index)}`);
  const publish = () => crowded.request(alice, 'POST', '/channels/c/messages', { id: 'm', content: 1 });
  expect((await publish()).status).toBe(200);
  expect(crowded.work.units).toBeGreaterThan(30);
  expect(await publish()).toMatchObject({ status: 429, body: { code: 'rate_limited' } });

  const quiet = limited(4);
  const statuses: number[] = [];
  for (let times = 0; times < 3; times++) statuses.push((await quiet.request(alice, 'GET', '/me')).status);
  expect(statuses).toEqual([200, 200, 429]);
});

test('what a read costs beyond its estimate is charged', async () => {
  const none = { perSecond: 0, burst: 0 };
  const world = createHttpWorld({
    rateLimits: { agent: none, tenant: none, agentWork: { perSecond: 0.1, burst: 30 }, tenantWork: none },
  });
  const head = world.history.head.bind(world.history);
  // A page of 1 MB, as the store reports it.
  jest.spyOn(world.history, 'head').mockImplementation((...asked) => {
    world.work.readUnits(256);
    return head(...asked);
  });
  const read = () => world.request(alice, 'GET', '/channels/c/messages');
  expect((await read()).status).toBe(200);
  expect(await read()).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
});

// 20 publishers of one channel at once: each try is billed by the size of the message.
test('a large message whose place in its log others take is given up before it has cost 500 units', async () => {
  const world = createHttpWorld();
  const put = world.history.tryPut.bind(world.history);
  let others = 20;
  jest.spyOn(world.history, 'tryPut').mockImplementation(async (subject, row) => {
    world.work.writeUnits(126);
    others -= 1;
    if (others > 0) await put(subject, { ...row, id: 'other', nonce: `other-${String(others)}`, body: '{}' });
    return put(subject, row);
  });
  const answer = await world.request(alice, 'POST', '/channels/c/messages', { id: 'm', content: 1 });
  expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable', message_id: 'm' } });
  expect(world.work.units).toBeLessThan(500);
});

test('methods that a path does not have are answered with those that it has, also the ones that no Request can have', async () => {
  const world = createHttpWorld();
  for (const method of ['PUT', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'TRACK']) {
    const { status, headers } = await world.request(alice, method, '/channels/c/messages');
    expect([method, status, headers.allow]).toEqual([method, 405, 'GET, POST']);
  }
});

test('what the store does not take is a 503 that says when to come again', async () => {
  const world = createHttpWorld();
  jest.spyOn(world.history, 'tryPut').mockResolvedValue('unclear');
  const answer = await world.request(alice, 'POST', '/channels/c/messages', { id: 'm', content: 1 });
  expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable', message_id: 'm' } });
  expect(answer.headers['retry-after']).toBe('1');
});

test('reads and writes a message, and lists its channel', async () => {
  const world = createHttpWorld();
  const ack = await world.request(alice, 'POST', '/channels/c/messages', { content: { a: 1 } });
  expect(ack).toMatchObject({ status: 200, body: { type: 'ACK', status: 'accepted', sequence: 1 } });
  // Which `artcafe explain` reads.
  expect(world.log.lines.at(-1)).toMatchObject({
    event: 'request',
    fields: { channel_id: 'c', first_sequence: 1, last_sequence: 1, epoch: expect.any(String) as unknown },
  });
  const page = await world.request(alice, 'GET', '/channels/c/messages');
  expect(page.body).toMatchObject({ sequence: 1, messages: [{ content: { a: 1 }, agent_id: 'alice' }] });
  expect((await world.request(alice, 'GET', '/channels')).body).toMatchObject({
    channels: [{ channel_id: 'c', sequence: 1 }],
  });
});

test('a token with a role other than service revokes nothing', async () => {
  const world = createHttpWorld();
  const body = { agent_id: 'bob' };
  for (const role of [undefined, 'observer', 'admin'])
    expect((await world.request({ ...alice, role }, 'POST', '/revocations', body)).status).not.toBe(202);
  expect((await world.request({ ...alice, role: 'service' }, 'POST', '/revocations', body)).status).toBe(202);
  expect(world.invoker.started).toEqual([
    {
      functionName: 'revoke',
      payload: { action: 'revoke', tenant_id: 't', agent_id: 'bob', issued_up_to: world.clock.time },
    },
  ]);
});

test('an observer lists the channels and agents of its tenant, as the console does', async () => {
  const world = createHttpWorld();
  await world.open('one');
  await world.request(alice, 'POST', '/channels/c/messages', { content: 1 });
  const observer = { tenant_id: 't', agent_id: 'console', role: 'observer' };
  const { body: channels } = await world.request(observer, 'GET', '/channels');
  expect(channels).toEqual({
    channels: [
      { channel_id: 'c', epoch: expect.any(String), sequence: 1, timestamp: expect.stringMatching(/Z$/) },
    ],
  });
  const entry = {
    agent_id: 'agent-of-one',
    status: 'online',
    capabilities: [],
    version: expect.any(Number),
    changed_at: expect.stringMatching(/Z$/),
  };
  expect((await world.request(observer, 'GET', '/agents')).body).toEqual({ agents: [entry] });
  expect((await world.request(observer, 'GET', '/agents/agent-of-one')).body).toEqual(entry);
});

test('the audit log says what was refused, read and ordered, and by whom, and has no content', async () => {
  const world = createHttpWorld();
  const narrow = { ...alice, jti: 'token-1', channels: { c: ['history'] } };
  await world.request(undefined, 'GET', '/me');
  await world.request(narrow, 'POST', '/channels/c/messages', { content: 'private words' });
  await world.request(narrow, 'POST', '/channels/c/messages', [{ content: 'private words' }]);
  await world.request(narrow, 'GET', '/channels/c/messages');
  await world.request(narrow, 'GET', '/me');
  await world.request({ ...alice, role: 'observer' }, 'GET', '/agents');
  const ops = { tenant_id: 't', agent_id: 'ops', role: 'service' };
  await world.request(ops, 'DELETE', '/revocations?agent_id=bob');
  await world.request(ops, 'DELETE', '/agents/bob/connections');
  const audited = world.log.lines.filter(({ fields }) => fields.audit === true);
  const by = { tenant_id: 't', agent_id: 'alice', kid: 'key-1', source_ip: '192.0.2.1' };
  const denied = { ...by, jti: 'token-1', operation: 'POST channels messages', channel_id: 'c' };
  expect(audited.map(({ event, fields }) => [event, fields])).toEqual([
    ['unauthorized', expect.objectContaining({ reason: 'no bearer token', source_ip: '192.0.2.1' })],
    ['grant_denied', expect.objectContaining(denied)],
    ['grant_denied', expect.objectContaining(denied)],
    ['history_read', expect.objectContaining({ ...by, channel_id: 'c' })],
    ['presence_read', expect.objectContaining(by)],
    ['ordered', expect.objectContaining({ agent_id: 'ops', operation: 'DELETE revocations', to: 'bob' })],
    ['ordered', expect.objectContaining({ operation: 'DELETE agents connections', to: 'bob' })],
  ]);
  expect(JSON.stringify(world.log.lines)).not.toContain('private words');
});

test('the audit log names the token of a refused request, once its signature is right', async () => {
  const world = createHttpWorld();
  await world.deps.revocations.put({ tenantId: 't' }, { issuedUpTo: Infinity, expiresAt: undefined });
  await world.request({ ...alice, jti: 'token-1' }, 'GET', '/me');
  await world.request({ ...alice, jti: 'token-2', exp: 1 }, 'GET', '/me');
  await world.request({ tenant_id: '', agent_id: 'a\n', jti: 7 }, 'GET', '/me');
  const audited = world.log.lines.filter(({ fields }) => fields.audit === true);
  const who = { tenant_id: 't', agent_id: 'alice', kid: 'key-1', source_ip: '192.0.2.1' };
  expect(audited.map(({ event, fields }) => [event, fields])).toEqual([
    ['unauthorized', expect.objectContaining({ ...who, jti: 'token-1', reason: 'revoked' })],
    ['unauthorized', expect.objectContaining({ ...who, jti: 'token-2', reason: 'expired' })],
    [
      'unauthorized',
      expect.objectContaining({ tenant_id: undefined, agent_id: undefined, jti: undefined, kid: 'key-1' }),
    ],
  ]);
});

test('messages of listed channels are events for EventBridge, over HTTP too, and duplicates are not', async () => {
  const sent: string[] = [];
  const send = (events: readonly { readonly type: string; readonly detail: string }[]) => {
    for (const { type, detail } of events) sent.push(`${type} ${(JSON.parse(detail) as { id: string }).id}`);
    return Promise.resolve(events.map(() => true));
  };
  const listed = createHttpWorld({ events: { send }, eventChannels: ['orders.*'] });
  const message = { id: 'm', content: 1 };
  await listed.request(alice, 'POST', '/channels/orders.1/messages', message);
  await listed.request(alice, 'POST', '/channels/orders.1/messages', { ...message, retry: true });
  await listed.request(alice, 'POST', '/channels/other/messages', message);
  expect(sent).toEqual(['message.published m']);
});

test('the line of a request has the codes of a refused message and what the request cost, for the metrics', async () => {
  const world = createHttpWorld();
  const line = () => world.log.lines.at(-1);
  await world.request(alice, 'POST', '/channels/c/messages', { content: 1 });
  expect(line()).toMatchObject({
    event: 'request',
    fields: { status: 200, messages: 1, errors: '', work_units: expect.any(Number) as unknown },
  });
  world.history.tryPut = () => Promise.reject(new Error('broken'));
  const refused = await world.request(alice, 'POST', '/channels/c/messages', { id: 'm', content: 1 });
  expect(refused).toMatchObject({ status: 500, body: { code: 'internal', message_id: 'm' } });
  expect(line()).toMatchObject({ event: 'request', fields: { status: 500, errors: 'internal' } });
  await world.request(undefined, 'GET', '/me');
  expect(line()?.fields.work_units).toBeUndefined();
});
