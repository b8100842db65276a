/** Orders of the operator: what they say, whom they close, and whom they leave alone. */
import { revokeRoute } from '../../lambda/events/revoke';
import { readRevocationOrder } from '../../lambda/revocation/revocation-order';
import { connect } from '../../lambda/agents/connect';
import { VirtualTime } from '../faults/memory/virtual-time';
import { chance } from './rate-fleet';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;
beforeEach(() => {
  world = createWorld();
});

const maxTokenMs = 86_400_000;
const give = (order: object) => revokeRoute({ ...world.deps, sender: world.sockets, maxTokenMs })(order);

/** Tokens were issued a minute ago. */
const open = (connectionId: string, agentId: string, changes: object = {}) =>
  connect(
    world.deps,
    world.caller(connectionId, {
      agentId,
      level: 1,
      tokenIssuedAt: world.clock.time - 60_000,
      tokenId: `token-of-${connectionId}`,
      ...changes,
    }),
  );
const connectionIds = (agentId: string) => world.deps.agents.connectionIds('t', agentId);

describe('an order', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'must be an object'],
    ['no action', { tenant_id: 't' }, '"action"'],
    ['another action', { action: 'erase', tenant_id: 't' }, '"action"'],
    ['no tenant', { action: 'kick' }, '"tenant_id"'],
    ['a tenant that is no id', { action: 'kick', tenant_id: '' }, '"tenant_id"'],
    ['an agent that is no id', { action: 'kick', tenant_id: 't', agent_id: 'a\n' }, '"agent_id"'],
    ['a misspelt member', { action: 'kick', tenant_id: 't', agentId: 'a' }, '"agentId"'],
    ['a token without its agent', { action: 'revoke', tenant_id: 't', jti: 'j' }, '"jti" needs'],
    [
      'a token id that is too long',
      { action: 'revoke', tenant_id: 't', agent_id: 'a', jti: 'j'.repeat(257) },
      '"jti" must',
    ],
    ['a time for a kick', { action: 'kick', tenant_id: 't', issued_up_to: 1 }, '"issued_up_to" goes'],
    ['a time that is a text', { action: 'revoke', tenant_id: 't', issued_up_to: 'now' }, 'milliseconds'],
  ])('with %s is refused with a sentence', (_, order, sentence) => {
    expect(() => readRevocationOrder(order)).toThrow(sentence);
  });

  test('that is wrong changes nothing', async () => {
    await open('1=', 'a');
    await expect(give({ action: 'block', tenant_id: 't', agent: 'a' })).rejects.toThrow('"agent"');
    expect(await connectionIds('a')).toEqual(['1=']);
    expect(await open('2=', 'a')).toBe('connected');
  });
});

describe('revoke', () => {
  test('an agent: tells its connections to stay away, ends them, and refuses its tokens', async () => {
    for (const id of ['1=', '2=']) await open(id, 'a');
    await open('3=', 'b');
    expect(await give({ action: 'revoke', tenant_id: 't', agent_id: 'a' })).toEqual({ closed: 2 });
    for (const id of ['1=', '2=']) {
      expect(world.sockets.of(id).at(-1)).toMatchObject({
        type: 'GOAWAY',
        code: 'revoked',
        reconnect: false,
      });
      expect(world.sockets.closed.has(id)).toBe(true);
    }
    expect(await connectionIds('a')).toEqual([]);
    expect(await connectionIds('b')).toEqual(['3=']);
    expect(await open('4=', 'a')).toBe('revoked');
    expect(await connectionIds('a')).toEqual([]);
    expect(await world.deps.connections.getConnections(['4='])).toEqual([]);
    expect(await open('5=', 'a', { tokenIssuedAt: world.clock.time + 1_000 })).toBe('connected');
    expect(await open('6=', 'b')).toBe('connected');
  });

  test('leaves the connections of later tokens open', async () => {
    const issuedUpTo = world.clock.time - 30_000;
    await open('old', 'a');
    await open('new', 'a', { tokenIssuedAt: world.clock.time });
    await open('unknown', 'a', { tokenIssuedAt: undefined });
    expect(await give({ action: 'revoke', tenant_id: 't', agent_id: 'a', issued_up_to: issuedUpTo })).toEqual(
      { closed: 2 },
    );
    expect(await connectionIds('a')).toEqual(['new']);
  });

  test('one token: no other connection of the agent', async () => {
    for (const id of ['1=', '2=']) await open(id, 'a');
    expect(await give({ action: 'revoke', tenant_id: 't', agent_id: 'a', jti: 'token-of-1=' })).toEqual({
      closed: 1,
    });
    expect(await connectionIds('a')).toEqual(['2=']);
    expect(await open('3=', 'a', { tokenId: 'token-of-1=', tokenIssuedAt: world.clock.time + 9_000 })).toBe(
      'revoked',
    );
    expect(await open('4=', 'a', { tokenId: undefined })).toBe('connected');
  });

  test('a tenant: all of its agents, and no other tenant', async () => {
    await open('1=', 'a');
    await open('2=', 'b', { level: 0 });
    await open('3=', 'a', { tenantId: 'other' });
    expect(await give({ action: 'revoke', tenant_id: 't' })).toEqual({ closed: 2 });
    expect(world.sockets.of('2=')).toEqual([]);
    expect(await open('4=', 'c')).toBe('revoked');
    expect(await world.deps.agents.connectionIds('other', 'a')).toEqual(['3=']);
  });

  test('ends a connection, too, that came while it was at work', async () => {
    await open('1=', 'a');
    // It has read before the order was written.
    const late = { ...world.deps, revocations: { isRevoked: () => Promise.resolve(false) } };
    const sockets = {
      post: () => Promise.resolve('delivered' as const),
      status: () => Promise.resolve('open' as const),
      close: async (connectionId: string) => {
        if (connectionId === '1=')
          await connect(late, world.caller('late', { agentId: 'a', tokenIssuedAt: 0 }));
        return 'closed' as const;
      },
    };
    const route = revokeRoute({ ...world.deps, sender: sockets, maxTokenMs });
    expect(await route({ action: 'revoke', tenant_id: 't', agent_id: 'a' })).toEqual({ closed: 2 });
    expect(await connectionIds('a')).toEqual([]);
  });

  test.each([
    ['of one agent within ten seconds', 100, 1, 10],
    ['of a tenant, ten thousand, within a minute', 10_000, 200, 60],
  ])(
    'closes connections %s, where each call takes its time',
    async (_whose, connections, agents, seconds) => {
      world.deps.connectionLimit = 100;
      for (let n = 0; n < connections; n++)
        await open(`c${String(n)}`, `a${String(n % agents)}`, { channelId: undefined });
      const time = new VirtualTime(chance(7));
      const slow = slowWorld(time);
      const startedAt = time.now();
      let endedAt = Infinity;
      const scope = { tenant_id: 't', ...(agents === 1 && { agent_id: 'a0' }) };
      const answer = revokeRoute({ ...slow, maxTokenMs })({ action: 'revoke', ...scope }).finally(() => {
        endedAt = time.now();
      });
      await time.runUntil(startedAt + 120_000);
      expect(await answer).toEqual({ closed: connections });
      expect(endedAt - startedAt).toBeLessThan(seconds * 1_000);
    },
  );

  /** As on AWS: up to 40 ms for a call to API Gateway, up to 20 ms for one to DynamoDB. */
  function slowWorld(time: VirtualTime) {
    const pause = (maxMs: number) => time.sleep(1 + time.random() * maxMs);
    const { connections, agents } = world.deps;
    const slowly = <Args extends unknown[], R>(call: (...args: Args) => Promise<R>, maxMs = 20) => {
      return async (...args: Args): Promise<R> => {
        await pause(maxMs);
        return call(...args);
      };
    };
    agents.removeConnection = slowly(agents.removeConnection.bind(agents));
    agents.connectionIds = slowly(agents.connectionIds.bind(agents));
    connections.removeConnection = slowly(connections.removeConnection.bind(connections));
    connections.getConnections = slowly(connections.getConnections.bind(connections));
    const clock = {
      now: () => time.now(),
      monotonic: () => time.now(),
      sleep: (ms: number) => time.sleep(ms),
      random: time.random,
    };
    const sender = {
      post: slowly(() => Promise.resolve('delivered' as const), 40),
      status: () => Promise.resolve('open' as const),
      close: slowly(() => Promise.resolve('closed' as const), 40),
    };
    return { ...world.deps, clock, sender };
  }

  test('fails, to be given again, when the platform does not answer', async () => {
    await open('1=', 'a');
    world.sockets.close = () => Promise.resolve('unknown' as 'closed');
    await expect(give({ action: 'revoke', tenant_id: 't', agent_id: 'a' })).rejects.toThrow(
      '1 connections could not be closed',
    );
    expect(await open('2=', 'a', { tokenIssuedAt: 0 })).toBe('revoked');
  });
});

test('block refuses every token until unrevoke', async () => {
  await open('1=', 'a');
  expect(await give({ action: 'block', tenant_id: 't', agent_id: 'a' })).toEqual({ closed: 1 });
  world.clock.time += 10 * 365 * 86_400_000;
  expect(await open('2=', 'a', { tokenIssuedAt: world.clock.time })).toBe('revoked');
  expect(await give({ action: 'unrevoke', tenant_id: 't', agent_id: 'a' })).toEqual({ closed: 0 });
  expect(await open('3=', 'a', { tokenIssuedAt: world.clock.time })).toBe('connected');
});

test('kick ends connections and leaves their tokens good', async () => {
  await open('1=', 'a');
  expect(await give({ action: 'kick', tenant_id: 't', agent_id: 'a' })).toEqual({ closed: 1 });
  expect(world.sockets.of('1=').at(-1)).toMatchObject({ type: 'GOAWAY', code: 'kicked', reconnect: true });
  expect(await open('2=', 'a')).toBe('connected');
});

test('the log names the order, and how many connections it closed', async () => {
  await open('1=', 'a');
  await give({ action: 'revoke', tenant_id: 't', agent_id: 'a' });
  expect(world.deps.log.lines.at(-1)).toMatchObject({
    event: 'revocation',
    fields: { action: 'revoke', tenant_id: 't', agent_id: 'a', closed: 1 },
  });
});
