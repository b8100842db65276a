/** Routes: events in, responses out, and what the log lines may hold. */
import { createWorld, FakeClock, FakeLog } from './world';
import type { AuthorizerDependencies } from '../../lambda/events/web-socket/authorizer';
import { authorizerRoute } from '../../lambda/events/web-socket/authorizer';
import { connectRoute } from '../../lambda/events/web-socket/connect';
import { defaultRoute } from '../../lambda/events/web-socket/default';
import { disconnectRoute } from '../../lambda/events/web-socket/disconnect';
import type { WebSocketEvent } from '../../lambda/events/web-socket/web-socket-event';

const context = {
  tenant: 't',
  agent: 'a',
  channel: 'c',
  grants: '{"*":["publish","subscribe"]}',
  exp: '1890000000',
  level: '0',
  echo: 'true',
};

let world: ReturnType<typeof createWorld>;

beforeEach(() => {
  world = createWorld();
});

const event = (body?: string, authorizer: Record<string, unknown> = context): WebSocketEvent => ({
  requestContext: {
    connectionId: 'conn=',
    requestId: 'request=',
    requestTimeEpoch: world.clock.time,
    connectedAt: world.clock.time,
    authorizer,
  },
  ...(body === undefined ? {} : { body }),
});

test('a connection comes, publishes and goes', async () => {
  expect(await connectRoute(world.deps)(event())).toEqual({ statusCode: 200 });
  expect(await defaultRoute(world.deps)(event('{"id":"m1","content":"private words"}'))).toEqual({
    statusCode: 200,
  });
  expect(world.sockets.of('conn=').map(({ type }) => type)).toEqual(['ACK', 'message']);
  expect(await disconnectRoute(world.deps)(event())).toEqual({ statusCode: 200 });
  expect(world.agents.agent('t', 'a')).toMatchObject({ status: 'offline' });
  expect(world.log.lines.map((line) => line.event)).toEqual(['connected', 'published', 'disconnected']);
  for (const { fields } of world.log.lines) {
    expect(fields).toMatchObject({
      connection_id: 'conn=',
      request_id: 'request=',
      tenant_id: 't',
      agent_id: 'a',
    });
  }
  expect(JSON.stringify(world.log.lines)).not.toContain('private words');
});

test('a connection too many is answered with 429', async () => {
  world.deps.connectionLimit = 0;
  expect(await connectRoute(world.deps)(event())).toEqual({ statusCode: 429 });
});

test('a store that is down refuses the handshake with 500', async () => {
  world.connections.putConnection = () => Promise.reject(new Error('the table is called X'));
  expect(await connectRoute(world.deps)(event())).toEqual({ statusCode: 500 });
  expect(JSON.stringify(world.log.lines)).not.toContain('called X');
});

test('nobody is served without our authorizer’s context', async () => {
  expect(await connectRoute(world.deps)(event(undefined, {}))).toEqual({ statusCode: 500 });
  await expect(defaultRoute(world.deps)(event('{}', {}))).rejects.toThrow('no authorizer context');
});

test('a message without a body is answered as one that is no JSON', async () => {
  await defaultRoute(world.deps)(event());
  expect(world.sockets.of('conn=')).toMatchObject([{ type: 'ERROR', error: 'Invalid JSON format' }]);
});

test('a message has the time at which its event reached the platform, however late the function or wrong its clock', async () => {
  const late = event('{"id":"m1","content":1}');
  const sentAt = new Date(world.clock.time).toISOString();
  for (const wrongMs of [0, 30_000, -300_000]) {
    world.clock.time += wrongMs;
    const body = `{"id":"m${String(wrongMs)}","content":1}`;
    const requestContext = { ...late.requestContext, requestId: `request${String(wrongMs)}` };
    await defaultRoute(world.deps)({ requestContext, body });
  }
  expect(world.sockets.of('conn=').map(({ timestamp }) => timestamp)).toEqual([sentAt, sentAt, sentAt]);
});

test('a flood is refused frame by frame, and logged once', async () => {
  const route = defaultRoute(world.deps);
  const batch = (prefix: string) =>
    JSON.stringify(Array.from({ length: 25 }, (_, n) => ({ id: `${prefix}${String(n)}`, content: 'words' })));
  // Refusals take a moment, in which no frame's time passes here.
  world.clock.sleep = () => Promise.resolve();
  for (const prefix of ['a', 'b', 'c', 'd', 'e', 'f']) await route(event(batch(prefix)));
  const replies = world.sockets.of('conn=');
  expect(replies.filter(({ type }) => type === 'ACK')).toHaveLength(100);
  const errors = replies.filter(({ type }) => type === 'ERROR');
  expect(errors).toHaveLength(50);
  for (const error of errors) {
    expect(error).toMatchObject({ code: 'rate_limited', message_id: expect.stringMatching(/^[ef]\d+$/) });
    expect(error.retry_after_ms).toBeGreaterThan(0);
  }
  expect(world.log.lines.map((line) => line.event)).toEqual([
    ...Array<string>(4).fill('published'),
    'rate_limited',
  ]);
});

test('the line of a text message names its channels, sequences and ids, so that a message is found again', async () => {
  const route = defaultRoute(world.deps);
  await route(event('{"id":"m1","content":1}'));
  world.clock.time += 1_000;
  const batch = [
    { id: 'm2', content: 'private words' },
    { id: 'd1', to: 'nobody', content: 1 },
    { id: 'm1', content: 1, retry: true },
    { id: 'm3', content: 1 },
    { id: 'e1', content: 1, ephemeral: true },
  ];
  const second = event(JSON.stringify(batch));
  await route({ ...second, requestContext: { ...second.requestContext, requestId: 'second=' } });
  const lines = world.log.lines.filter(({ event }) => event === 'published').map(({ fields }) => fields);
  const common = { tenant_id: 't', agent_id: 'a', connection_id: 'conn=' };
  expect(lines).toEqual([
    expect.objectContaining({
      ...common,
      request_id: 'request=',
      channel_id: 'c',
      messages: 1,
      first_sequence: 1,
      last_sequence: 1,
      ids: ['m1'],
      ack_ms: expect.any(Number),
      slowest_post_ms: expect.any(Number),
    }),
    expect.objectContaining({
      ...common,
      request_id: 'second=',
      frames: 5,
      duplicates: 1,
      channel_id: 'c',
      messages: 3,
      first_sequence: 2,
      last_sequence: 3,
      ids: ['m2', 'm1', 'm3', 'e1'],
    }),
    {
      ...common,
      request_id: 'second=',
      to: 'nobody',
      stored: 1,
      messages: 1,
      epoch: expect.any(String),
      first_sequence: 1,
      last_sequence: 1,
      ids: ['d1'],
    },
  ]);
  expect(JSON.stringify(lines)).not.toContain('private words');
});

test('a text message without a publish has no time of an ACK', async () => {
  await defaultRoute(world.deps)(event('{"type":"subscribe","id":"s1","channel_id":"c"}'));
  const line = world.log.lines.find(({ event }) => event === 'published');
  expect(line?.fields.ack_ms).toBeUndefined();
});

test('a batch that is refused in part says so in its line', async () => {
  world.deps.rateLimits = { ...world.deps.rateLimits, agent: { perSecond: 1, burst: 2 } };
  const frames = [1, 2, 3].map((n) => ({ id: `m${String(n)}`, content: 1 }));
  await defaultRoute(world.deps)(event(JSON.stringify(frames)));
  expect(world.sockets.of('conn=').map(({ message_id, code }) => [message_id, code])).toEqual(
    expect.arrayContaining([['m3', 'rate_limited']]),
  );
  const line = world.log.lines.find(({ event }) => event === 'published');
  expect(line?.fields).toMatchObject({ frames: 3, accepted: 2, errors: '', rate_limited: 1 });
});

test('$disconnect without a context finds the connection by its row, and nothing when that is gone, too', async () => {
  await connectRoute(world.deps)(event());
  const { authorizer, ...requestContext } = event().requestContext;
  expect(authorizer).toBeDefined();
  const bare = { ...event(), requestContext };
  expect(await disconnectRoute(world.deps)(bare)).toEqual({ statusCode: 200 });
  expect(await world.connections.getConnections(['conn='])).toEqual([]);
  expect(await world.agents.connectionIds('t', 'a')).toEqual([]);
  expect(await disconnectRoute(world.deps)(bare)).toEqual({ statusCode: 200 });
  expect(world.log.lines.map((line) => line.fields.first)).toEqual([undefined, true, false]);
});

test('a flooder whose socket has gone is not logged either', async () => {
  world.deps.rateLimits = { ...world.deps.rateLimits, agent: { perSecond: 1, burst: 1 } };
  const route = defaultRoute(world.deps);
  await route(event('{"id":"m0","content":1}'));
  world.sockets.closed.add('conn=');
  for (const id of ['m1', 'm2', 'm3']) await route(event(`{"id":"${id}","content":1}`));
  expect(world.log.lines.map((line) => line.event)).toEqual(['published', 'rate_limited']);
});

describe('the authorizer', () => {
  const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/ws/$connect';
  const log = new FakeLog();
  const claims = { tenant_id: 't', agent_id: 'a', exp: 1_790_003_600 };
  const deps: AuthorizerDependencies = {
    verifier: {
      verify: (token) => Promise.resolve(token === 'good' ? { claims } : { refusedFor: 'signature' }),
    },
    settings: {
      tenantClaim: 'tenant_id',
      agentClaim: 'agent_id',
      channelsClaim: 'channels',
      defaultGrants: 'all',
      maxTokenSeconds: 3_650 * 86_400,
    },
    clock: new FakeClock(),
    log,
  };
  const call = (query: Record<string, string[]>, changes: Partial<AuthorizerDependencies> = {}) =>
    authorizerRoute({ ...deps, ...changes })({
      methodArn,
      requestContext: { connectionId: 'conn=', requestId: 'request=', requestTimeEpoch: 1_790_000_000_000 },
      queryStringParameters: Object.fromEntries(
        Object.entries(query).map(([name, values]) => [name, values.at(-1)!]),
      ),
      multiValueQueryStringParameters: query,
    });

  test('allows with a flat context of strings', async () => {
    const result = await call({ token: ['good'], channel_id: ['c'] });
    expect(result.policyDocument.Statement).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn },
    ]);
    expect(result.context).toMatchObject({ tenant: 't', agent: 'a', channel: 'c', exp: '1790003600' });
    for (const value of Object.values(result.context ?? {})) expect(typeof value).toBe('string');
  });

  test('throws the platform’s word for 401, and never logs the token', async () => {
    await expect(call({ token: ['forged-token'] })).rejects.toThrow(/^Unauthorized$/);
    await expect(call({ token: ['good', 'good'] })).rejects.toThrow(/^Unauthorized$/);
    await expect(call({})).rejects.toThrow(/^Unauthorized$/);
    expect(log.lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(log.lines)).not.toMatch(/forged|good/);
  });

  test('denies what the token does not allow', async () => {
    const result = await call({ token: ['good'], tenant_id: ['other'] });
    expect(result.policyDocument.Statement[0]?.Effect).toBe('Deny');
    expect(result).not.toHaveProperty('context');
  });

  test('refuses grants that the platform could not carry', async () => {
    const channels = Array.from({ length: 200 }, (_, n) => `${'c'.repeat(100)}${String(n)}`);
    const verifier = { verify: () => Promise.resolve({ claims: { ...claims, channels } }) };
    await expect(call({ token: ['good'] }, { verifier })).rejects.toThrow(/^Unauthorized$/);
  });

  test('fails, and does not say 401, when the token can’t be checked', async () => {
    const verifier = { verify: () => Promise.reject(new Error('KMS is down')) };
    await expect(call({ token: ['good'] }, { verifier })).rejects.toThrow('KMS is down');
    expect(log.lines.at(-1)).toMatchObject({ event: 'authorizer_failed', fields: { error: 'Error' } });
  });
});
