/** One text message from parsed frames to ACKs and deliveries, over the memory stores. */
import type { MessageRow } from '../../lambda/shared/stores/history-store';
import { channelSubject, inboxSubject } from '../../lambda/shared/subjects';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;

beforeEach(() => {
  world = createWorld();
});

const message = (id: string, more: object = {}) => ({ id, content: `content of ${id}`, ...more });

test('puts, acknowledges and delivers, the sender’s own copy after its ACK', async () => {
  const alice = await world.open('alice');
  await world.open('bob');
  await world.send(alice, message('m1', { metadata: { k: 1 }, custom: [1] }));
  const [ack, echo] = world.sockets.of('alice');
  expect(ack).toMatchObject({ type: 'ACK', message_id: 'm1', status: 'accepted', sequence: 1 });
  expect(echo).toEqual(world.sockets.of('bob')[0]);
  expect(echo).toEqual({
    id: 'm1',
    type: 'message',
    content: 'content of m1',
    custom: [1],
    tenant_id: 't',
    agent_id: 'agent-of-alice',
    channel_id: 'c',
    timestamp: ack?.timestamp,
    metadata: { k: 1 },
  });
  expect(world.history.rows(channelSubject('t', 'c'))).toMatchObject([
    { id: 'm1', agentId: 'agent-of-alice' },
  ]);
});

test('acknowledges nothing before it is in the log', async () => {
  const alice = await world.open('alice');
  let ackedBeforePut = false;
  const put = world.history.tryPut.bind(world.history);
  world.history.tryPut = async (subject, row) => {
    await new Promise((resolve) => setImmediate(resolve));
    ackedBeforePut = world.sockets.posts.length > 0;
    return put(subject, row);
  };
  await world.send(alice, message('m1'));
  expect(ackedBeforePut).toBe(false);
  expect(world.sockets.of('alice')).toHaveLength(2);
});

test('answers a store that is down with unavailable, and delivers nothing', async () => {
  const alice = await world.open('alice');
  await world.open('bob');
  world.history.tryPut = () => Promise.resolve('unclear');
  const summary = await world.send(alice, message('m1'));
  expect(summary).toMatchObject({ accepted: 0, errors: 'unavailable' });
  expect(world.sockets.of('alice')).toMatchObject([{ type: 'ERROR', code: 'unavailable', message_id: 'm1' }]);
  expect(world.sockets.of('bob')).toEqual([]);
});

test('turns a defect into internal, without its text', async () => {
  const alice = await world.open('alice');
  world.history.head = () => Promise.reject(new TypeError('secret detail'));
  await world.send(alice, message('m1'));
  expect(world.sockets.of('alice')).toMatchObject([{ code: 'internal', message_id: 'm1' }]);
  expect(JSON.stringify([world.sockets.posts, world.log.lines])).not.toContain('secret');
});

test('answers each frame of a batch, in order, and delivers the good ones in order', async () => {
  const alice = await world.open('alice', { echo: false });
  await world.open('bob');
  await world.send(alice, [
    message('m1'),
    { id: 'bad' },
    message('m2'),
    message('m3', { channel_id: 'other' }),
    7,
  ]);
  const replies = world.sockets
    .of('alice')
    .map(({ type, message_id, sequence }) => [type, message_id, sequence]);
  expect(replies).toEqual([
    ['ACK', 'm1', 1],
    ['ERROR', 'bad', undefined],
    ['ACK', 'm2', 2],
    ['ACK', 'm3', 1],
    ['ERROR', undefined, undefined],
  ]);
  expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m1', 'm2']);
});

test('reads the head of the log once for a batch', async () => {
  const alice = await world.open('alice');
  const head = jest.spyOn(world.history, 'head');
  await world.send(alice, [message('m1'), message('m2'), message('m3')]);
  expect(head).toHaveBeenCalledTimes(1);
});

test('reads the subscribers only after the put has succeeded', async () => {
  const alice = await world.open('alice');
  const late = world.caller('late');
  const put = world.history.tryPut.bind(world.history);
  world.history.tryPut = async (subject, row) => {
    const outcome = await put(subject, row);
    const { connectionId, agentId, level, echo } = late;
    await world.connections.putSubscription('t', 'c', {
      connectionId,
      agentId,
      level,
      echo,
      expiresAt: late.tokenExpiresAt,
    });
    return outcome;
  };
  await world.send(alice, message('m1'));
  expect(world.sockets.of('late')).toHaveLength(1);
});

test('skips receivers that are out of date', async () => {
  const alice = await world.open('alice');
  await world.open('old', { tokenExpiresAt: world.clock.time + 12_000 });
  world.clock.time += 5_000;
  await world.send(alice, message('m1'));
  expect(world.sockets.of('old')).toEqual([]);
});

test('refuses a sender whose token has expired', async () => {
  const alice = await world.open('alice', { tokenExpiresAt: world.clock.time + 12_000 });
  world.clock.time += 5_000;
  await world.send(alice, message('m1'));
  expect(world.sockets.of('alice')).toMatchObject([{ code: 'token_expired', message_id: 'm1' }]);
  expect(world.history.rows(channelSubject('t', 'c'))).toEqual([]);
});

test('checks the grant of the channel that is published to', async () => {
  const alice = await world.open('alice', {
    grants: {
      channels: [
        ['c', ['subscribe']],
        ['d.*', ['publish']],
      ],
    },
  });
  await world.send(alice, [
    message('m1'),
    message('m2', { channel_id: 'd.1' }),
    message('m3', { channel_id: 'e' }),
  ]);
  expect(world.sockets.of('alice').map(({ type, code }) => code ?? type)).toEqual([
    'forbidden',
    'ACK',
    'forbidden',
  ]);
});

test('one receiver that fails does not keep the others from getting it', async () => {
  const alice = await world.open('alice');
  for (const name of ['b1', 'b2', 'b3', 'b4', 'b5']) await world.open(name);
  world.sockets.scripted.set('b1', ['refused']);
  world.sockets.scripted.set('b2', ['lost']);
  world.sockets.scripted.set('b3', ['throttled', 'failed']);
  world.sockets.closed.add('b4');
  const summary = await world.send(alice, message('m1'));
  expect(summary.published[0]).toMatchObject({ delivered: 3, refused: 1, lost: 1, gone: 1, undelivered: 2 });
  expect(world.sockets.of('b3')).toHaveLength(1);
  expect(world.sockets.of('b5')).toHaveLength(1);
});

describe('a receiver that is gone', () => {
  test('is removed from every table after a second question', async () => {
    const alice = await world.open('alice');
    const bob = await world.open('bob');
    world.sockets.closed.add('bob');
    await world.send(alice, message('m1'));
    expect(world.sockets.statuses).toBe(1);
    expect(world.agents.agent('t', bob.agentId)).toMatchObject({ status: 'offline' });
    expect(await world.connections.getConnections(['bob'])).toEqual([]);
    await world.send(alice, message('m2'));
    expect(world.sockets.statuses).toBe(1);
  });

  test('stays, and is tried once more, when the platform still knows it', async () => {
    const alice = await world.open('alice');
    const bob = await world.open('bob');
    world.sockets.scripted.set('bob', ['gone']);
    await world.send(alice, [message('m1'), message('m2')]);
    expect(world.agents.agent('t', bob.agentId)).toMatchObject({ status: 'online' });
    expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m1', 'm2']);
  });

  test('stays when the second question has no answer', async () => {
    const alice = await world.open('alice');
    const bob = await world.open('bob');
    world.sockets.scripted.set('bob', ['lost']);
    world.sockets.status = () => Promise.resolve('unknown');
    await world.send(alice, message('m1'));
    expect(world.agents.agent('t', bob.agentId)).toMatchObject({ status: 'online' });
    await world.send(alice, message('m2'));
    expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m2']);
  });

  test('is found out when it answers nothing at all, and nothing is posted twice', async () => {
    const alice = await world.open('alice');
    const bob = await world.open('bob');
    world.sockets.scripted.set('bob', ['lost']);
    await world.send(alice, [message('m1'), message('m2')]);
    expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m2']);
    world.sockets.scripted.set('bob', ['lost']);
    world.sockets.closed.add('bob');
    await world.send(alice, message('m3'));
    expect(world.agents.agent('t', bob.agentId)).toMatchObject({ status: 'offline' });
  });

  test('does not keep the living waiting, however many there are', async () => {
    const alice = await world.open('alice', { echo: false });
    for (let n = 0; n < 40; n++) {
      await world.open(`dead${String(n)}`);
      world.sockets.closed.add(`dead${String(n)}`);
    }
    await world.open('zoe');
    const order: string[] = [];
    const post = world.sockets.post.bind(world.sockets);
    const status = world.sockets.status.bind(world.sockets);
    world.sockets.post = async (connectionId, text) => {
      const outcome = await post(connectionId, text);
      if (outcome === 'delivered') order.push(connectionId);
      return outcome;
    };
    world.sockets.status = (connectionId) => {
      order.push('examination');
      return status(connectionId);
    };
    const summary = await world.send(alice, message('m1'));
    expect(order.indexOf('zoe')).toBeLessThan(order.indexOf('examination'));
    expect(order.filter((step) => step === 'examination')).toHaveLength(20);
    expect(summary.published[0]).toMatchObject({ delivered: 1, gone: 40 });
  });

  test('stays, and is tried once more, while it may still be opening', async () => {
    const alice = await world.open('alice');
    const bob = await world.open('bob');
    world.clock.time -= 5_000;
    world.sockets.scripted.set('bob', ['gone']);
    await world.send(alice, message('m1'));
    expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m1']);
    world.sockets.scripted.set('bob', ['gone', 'gone']);
    await world.send(alice, message('m2'));
    expect(world.agents.agent('t', bob.agentId)).toMatchObject({ status: 'online' });
    expect(world.sockets.statuses).toBe(0);
  });

  test('loses its orphaned subscription when its own row is gone', async () => {
    const alice = await world.open('alice');
    await world.open('bob');
    await world.connections.removeConnection('bob');
    world.sockets.closed.add('bob');
    await world.send(alice, message('m1'));
    const subscribers = [];
    for await (const page of world.connections.subscribers('t', 'c')) subscribers.push(...page);
    expect(subscribers.map(({ connectionId }) => connectionId)).toEqual(['alice']);
  });
});

test('a copy that is taken when it is tried again counts once', async () => {
  const alice = await world.open('alice', { echo: false });
  await world.open('bob', { level: 0 });
  world.sockets.scripted.set('bob', ['gone', 'delivered', 'gone']);
  const { published } = await world.send(alice, [message('m1'), message('m2')]);
  expect(published[0]).toMatchObject({ delivered: 1, gone: 1 });
});

test('waits for the posts that it has begun when a later page of subscribers can’t be read', async () => {
  const alice = await world.open('alice', { echo: false });
  await world.open('bob');
  const pages = world.connections.subscribers.bind(world.connections);
  world.connections.subscribers = async function* (tenantId, channelId) {
    yield* pages(tenantId, channelId);
    throw new Error('page 2');
  };
  const { published } = await world.send(alice, message('m1'));
  expect(world.sockets.of('bob')).toHaveLength(1);
  expect(world.sockets.inFlight).toBe(0);
  // The post to bob is in no count, and the line says that some are missing.
  expect(published[0]).toMatchObject({ uncounted: 1 });
  expect(world.log.lines.map(({ event }) => event)).toContain('fan_out_failed');
});

test('does not begin frames of a batch for which there is no time left', async () => {
  const alice = await world.open('alice', { echo: false });
  await world.open('bob');
  const put = world.history.tryPut.bind(world.history);
  world.history.tryPut = (subject, row) => {
    world.clock.time += 1_500;
    return put(subject, row);
  };
  const startedAt = world.clock.time;
  const batch = Array.from({ length: 25 }, (_, n) => message(`m${String(n)}`));
  await world.send(alice, batch);
  expect(world.clock.time - startedAt).toBeLessThan(4_000);
  const replies = world.sockets.of('alice').map(({ type, code }) => code ?? type);
  expect(replies).toEqual(['ACK', 'ACK', ...Array<string>(23).fill('unavailable')]);
  expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m0', 'm1']);
});

test('stops answering a sender that has vanished', async () => {
  const alice = await world.open('alice', { echo: false });
  const post = jest.spyOn(world.sockets, 'post');
  world.sockets.scripted.set('alice', ['lost']);
  await world.send(
    alice,
    Array.from({ length: 25 }, (_, n) => message(`m${String(n)}`)),
  );
  expect(post.mock.calls.filter(([connectionId]) => connectionId === 'alice')).toHaveLength(1);
  expect(world.history.rows(channelSubject('t', 'c'))).toHaveLength(25);
});

test('takes one id for two messages of one agent at the same moment, as long as they differ', async () => {
  const one = await world.open('a1', { agentId: 'a', echo: false });
  const other = await world.open('a2', { agentId: 'a', echo: false });
  await Promise.all([
    world.send(one, { id: '1', content: 'one' }),
    world.send(other, { id: '1', content: 'other' }),
  ]);
  expect(world.history.rows(channelSubject('t', 'c'))).toHaveLength(2);
  for (const name of ['a1', 'a2']) {
    expect(world.sockets.of(name).filter(({ type }) => type === 'ACK')).toMatchObject([
      { status: 'accepted' },
    ]);
  }
});

test('stops sending at the deadline and counts what is left', async () => {
  const alice = await world.open('alice', { echo: false });
  for (const name of ['b1', 'b2', 'b3']) await world.open(name);
  const post = world.sockets.post.bind(world.sockets);
  world.sockets.post = async (connectionId, text) => {
    if (connectionId === 'b1') world.clock.time += 4_001;
    return post(connectionId, text);
  };
  const summary = await world.send(alice, [message('m1'), message('m2')]);
  expect(summary.published[0]?.late).toBeGreaterThanOrEqual(1);
  expect(world.sockets.of('b1').map(({ id }) => id)).toEqual(['m1']);
});

describe('retry', () => {
  test('gives the first ACK again and sends nothing', async () => {
    const alice = await world.open('alice', { echo: false });
    await world.open('bob');
    await world.send(alice, message('m1'));
    world.clock.time += 60_000;
    await world.send(alice, message('m1', { retry: true }));
    const [first, second] = world.sockets.of('alice');
    expect(second).toEqual({ ...first, status: 'duplicate' });
    expect(world.sockets.of('bob')).toHaveLength(1);
  });

  test('publishes what was never there, and what is older than 10 minutes', async () => {
    const alice = await world.open('alice', { echo: false });
    await world.send(alice, message('m1', { retry: true }));
    world.clock.time += 10 * 60_000 + 1;
    await world.send(alice, message('m1', { retry: true }));
    expect(world.sockets.of('alice').map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test('is in the log once when both copies run at the same time, at whatever pace', async () => {
    for (const paces of [
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 3],
      [2, 0],
      [3, 1],
      [1, 4],
    ]) {
      world = createWorld();
      const alice = await world.open('alice', { echo: false });
      await world.send(alice, message('before'));
      const copies = paces.map(async (turns) => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await world.send(alice, message('m1', { retry: true }));
      });
      await Promise.all(copies);
      expect(world.history.rows(channelSubject('t', 'c')).map(({ id }) => id)).toEqual(['m1', 'before']);
    }
  });

  test('does not take another agent’s message for its own', async () => {
    const alice = await world.open('alice', { echo: false });
    const bob = await world.open('bob', { echo: false });
    await world.send(alice, message('m1'));
    await world.send(bob, message('m1', { retry: true }));
    expect(world.sockets.of('bob').filter(({ type }) => type === 'ACK')).toMatchObject([
      { status: 'accepted', sequence: 2 },
    ]);
  });
});

describe('ephemeral', () => {
  test('is delivered without a row and without a sequence', async () => {
    const alice = await world.open('alice');
    await world.open('bob');
    await world.send(alice, message('m1', { ephemeral: true }));
    const [ack] = world.sockets.of('alice');
    expect(ack).toEqual({ type: 'ACK', message_id: 'm1', timestamp: ack?.timestamp, status: 'accepted' });
    expect(world.sockets.of('bob')).toHaveLength(1);
    expect(world.history.rows(channelSubject('t', 'c'))).toEqual([]);
  });

  test('is every message of a deployment without a log', async () => {
    const alice = await world.open('alice');
    world.deps.retentionMs = 0;
    await world.send(alice, message('m1'));
    expect(world.history.rows(channelSubject('t', 'c'))).toEqual([]);
    expect(world.sockets.of('alice')).toHaveLength(2);
  });
});

describe('direct messages', () => {
  const inbox = (agentId: string): MessageRow[] => world.history.rows(inboxSubject('t', agentId));

  test('reach every connection of the agent, without a channel', async () => {
    const alice = await world.open('alice');
    await world.open('bob1', { agentId: 'bob', channelId: 'x' });
    await world.open('bob2', { agentId: 'bob', channelId: undefined });
    await world.send(alice, message('m1', { to: 'bob' }));
    expect(world.sockets.of('alice')).toMatchObject([{ type: 'ACK', status: 'accepted', sequence: 1 }]);
    for (const name of ['bob1', 'bob2']) {
      expect(world.sockets.of(name)).toMatchObject([{ id: 'm1', agent_id: 'agent-of-alice' }]);
      expect(world.sockets.of(name)[0]).not.toHaveProperty('channel_id');
    }
    expect(inbox('bob')).toHaveLength(1);
  });

  test('are stored for an agent that is not there', async () => {
    const alice = await world.open('alice');
    await world.send(alice, message('m1', { to: 'nobody' }));
    expect(world.sockets.of('alice')).toMatchObject([{ type: 'ACK', status: 'stored', sequence: 1 }]);
    expect(inbox('nobody')).toHaveLength(1);
  });

  test('are in the inbox even when nobody can say who is connected', async () => {
    const alice = await world.open('alice');
    world.agents.connectionIds = () => Promise.reject(new Error('down'));
    await world.send(alice, message('m1', { to: 'bob' }));
    expect(world.sockets.of('alice')).toMatchObject([{ type: 'ACK', status: 'stored' }]);
    expect(inbox('bob')).toHaveLength(1);
  });

  test('of a batch go to the connections of the last successful read', async () => {
    const alice = await world.open('alice');
    await world.open('bob', { agentId: 'bob' });
    const connectionIds = world.agents.connectionIds.bind(world.agents);
    let looks = 0;
    world.agents.connectionIds = (tenantId, agentId) =>
      (looks += 1) === 1 ? connectionIds(tenantId, agentId) : Promise.reject(new Error('down'));
    await world.send(alice, [message('m1', { to: 'bob' }), message('m2', { to: 'bob' })]);
    expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m1', 'm2']);
  });

  test('that expect a reply are refused when only the sender itself is there', async () => {
    const alice = await world.open('alice');
    await world.send(alice, [
      message('m1', { to: 'nobody', expects_reply: true }),
      message('m2', { to: alice.agentId, expects_reply: true }),
    ]);
    expect(world.sockets.of('alice').map(({ code }) => code)).toEqual(['no_responders', 'no_responders']);
    expect(inbox('nobody')).toEqual([]);
    await world.open('bob', { agentId: 'bob' });
    await world.send(alice, message('m3', { to: 'bob', expects_reply: true }));
    expect(world.sockets.of('bob')).toMatchObject([{ id: 'm3', expects_reply: true }]);
  });

  test('go by metadata.to only on a connection without a channel', async () => {
    const alice = await world.open('alice', { channelId: undefined });
    const carol = await world.open('carol', { channelId: 'c' });
    await world.open('bob', { agentId: 'bob', channelId: undefined });
    await world.send(alice, message('m1', { metadata: { to: 'bob' } }));
    await world.send(carol, message('m2', { metadata: { to: 'bob' } }));
    expect(world.sockets.of('bob').map(({ id }) => id)).toEqual(['m1']);
    await world.send(alice, message('m3'));
    expect(world.sockets.of('alice').at(-1)).toMatchObject({ code: 'invalid_message', message_id: 'm3' });
  });

  test('never follow a connection row of another tenant', async () => {
    const alice = await world.open('alice');
    await world.open('mallory', { tenantId: 'other', agentId: 'bob' });
    await world.agents.addConnection('t', 'bob', 'mallory', 9);
    await world.send(alice, message('m1', { to: 'bob' }));
    expect(world.sockets.of('mallory')).toEqual([]);
  });
});

test('refuses what is too large once the server’s fields are in it', async () => {
  const alice = await world.open('alice');
  await world.send(alice, message('m1', { content: 'x'.repeat(131_000) }));
  expect(world.sockets.of('alice')).toMatchObject([{ code: 'payload_too_large', message_id: 'm1' }]);
});

test('gives a message without an id one, and sends no ACK', async () => {
  const alice = await world.open('alice');
  await world.send(alice, { content: 1 });
  const frames = world.sockets.of('alice');
  expect(frames).toHaveLength(1);
  expect(frames[0]).toMatchObject({ type: 'message', content: 1, id: expect.stringMatching(/^generated-/) });
});

test('bounds the posts in flight', async () => {
  const alice = await world.open('alice');
  for (let n = 0; n < 450; n++) {
    await world.connections.putSubscription('t', 'c', {
      connectionId: `s${String(n)}`,
      agentId: 'x',
      level: 0,
      echo: true,
      expiresAt: alice.tokenExpiresAt,
    });
  }
  const summary = await world.send(alice, message('m1'));
  expect(summary.published[0]).toMatchObject({ delivered: 451 });
  expect(world.sockets.maxInFlight).toBeGreaterThan(100);
  expect(world.sockets.maxInFlight).toBeLessThanOrEqual(200);
});
