/** Orders to erase: what goes, what stays, and how a log says it. */
import { eraseRoute, orderRoute } from '../../lambda/events/erase';
import { readErasureOrder } from '../../lambda/erasure/erasure-order';
import { revokeRoute } from '../../lambda/events/revoke';
import { connect } from '../../lambda/agents/connect';
import { inboxSubject } from '../../lambda/shared/subjects';
import { MemoryErasureStore } from '../doubles/memory-erasure-store';
import { MemoryFailedEvents } from '../doubles/memory-failed-events';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;
let erasure: MemoryErasureStore;
let failedEvents: MemoryFailedEvents;
beforeEach(() => {
  world = createWorld();
  failedEvents = new MemoryFailedEvents(world.clock);
  erasure = new MemoryErasureStore(world.history, world.agents);
});

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const dependencies = () => ({
  ...world.deps,
  sender: world.sockets,
  erasure,
  failedEvents,
  maxTokenMs: 7 * dayMs,
  ownFunction: 'revoke',
  keptDays: { logs: 30, auditLog: 365, failureQueue: 1, backups: 35 },
});
const give = (order: object) => eraseRoute(dependencies())({ action: 'erase', ...order });

/** Alice and Bob talk in a channel, to each other, and to themselves. */
async function talk() {
  const [alice, bob] = [
    await world.open('1=', { agentId: 'alice', level: 1 }),
    await world.open('2=', { agentId: 'bob', level: 1 }),
  ];
  for (const [index, from] of [alice, bob, alice, bob].entries())
    await world.send(from, { id: `m${String(index)}`, content: `private words ${String(index)}` });
  await world.send(alice, { id: 'd1', to: 'bob', content: 'private words to bob' });
  await world.send(bob, { id: 'd2', to: 'alice', content: 'private words to alice' });
  await world.send(bob, { id: 'd3', to: 'bob', content: 'private words to himself' });
  return { alice, bob };
}

async function history(from: Awaited<ReturnType<typeof world.open>>, channelId = 'c') {
  await world.send(from, { type: 'history', id: 'q', channel_id: channelId });
  const answer = world.sockets.of(from.connectionId).at(-1)!;
  const messages = answer.messages as { id: string }[];
  return { ids: messages.map(({ id }) => id), gaps: answer.gaps, sequence: answer.sequence };
}
const gap = (from: number, to = from) => ({ from, to, code: 'not_recoverable', reason: 'erased' });

describe('an order', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'must be an object'],
    ['no tenant', {}, '"tenant_id"'],
    ['an agent that is no id', { tenant_id: 't', agent_id: '' }, '"agent_id"'],
    ['a misspelt agent, which would erase the tenant', { tenant_id: 't', agent: 'a' }, '"agent"'],
    ['a place that is none', { tenant_id: 't', place: { list: 'rows', sequence: 1 } }, '"place"'],
    ['counts that are none', { tenant_id: 't', counts: { messages: 'all' } }, '"counts"'],
    ['a text for unattended', { tenant_id: 't', unattended: 'yes' }, '"unattended"'],
  ])('with %s is refused with a sentence', (_, order, sentence) => {
    expect(() => readErasureOrder(order)).toThrow(sentence);
  });

  test('goes to erasing by its action, and any other to revoking', async () => {
    const route = orderRoute(
      revokeRoute({ ...world.deps, sender: world.sockets, maxTokenMs: 1 }),
      eraseRoute(dependencies()),
    );
    expect(await route({ action: 'erase', tenant_id: 't' })).toHaveProperty('remains');
    expect(await route({ action: 'kick', tenant_id: 't' })).toEqual({ closed: 0 });
  });
});

describe('an agent', () => {
  test('its messages go from the channels and inboxes, its inbox and its item; others stay', async () => {
    const { bob } = await talk();
    expect(await give({ tenant_id: 't', agent_id: 'alice' })).toMatchObject({
      closed: 1,
      messages: 4,
      agents: 1,
      channels: 1,
      connected: 0,
    });
    expect(await history(bob)).toEqual({ ids: ['m1', 'm3'], gaps: [gap(1), gap(3)], sequence: 4 });
    expect(await history(bob, '$inbox')).toEqual({ ids: ['d3'], gaps: [gap(1)], sequence: 2 });
    expect(world.agents.agent('t', 'alice')).toBeUndefined();
    expect(world.agents.agent('t', 'bob')?.connections.size).toBe(1);
    for (const row of world.history.rows(inboxSubject('t', 'alice'))) expect(row.body).toBe('');
    const rows = JSON.stringify(['t/channel/c', 't/inbox/bob'].map((each) => world.history.rows(each)));
    expect(rows).not.toContain('alice');
    expect(rows).not.toContain('private words 0');
  });

  test('its connections end first, and its tokens are refused, so that it writes nothing more', async () => {
    const { alice } = await talk();
    const order: string[] = [];
    jest.spyOn(world.sockets, 'close').mockImplementation((id) => {
      order.push(`close ${id}`);
      world.sockets.closed.add(id);
      return Promise.resolve('closed');
    });
    const eraseMessage = erasure.eraseMessage.bind(erasure);
    jest.spyOn(erasure, 'eraseMessage').mockImplementation((...row) => {
      order.push('erase');
      return eraseMessage(...row);
    });
    await give({ tenant_id: 't', agent_id: 'alice' });
    expect(order.indexOf('erase')).toBeGreaterThan(order.indexOf('close 1='));
    expect(world.sockets.of('1=').at(-1)).toMatchObject({ type: 'GOAWAY', code: 'revoked' });
    expect(await connect(world.deps, { ...alice, tokenIssuedAt: 0 })).toBe('revoked');
  });

  test('one that is blocked stays blocked', async () => {
    await world.revocations.put(
      { tenantId: 't', agentId: 'alice' },
      { issuedUpTo: Number.MAX_SAFE_INTEGER, expiresAt: undefined },
    );
    await give({ tenant_id: 't', agent_id: 'alice' });
    const token = { tenantId: 't', agentId: 'alice', tokenId: undefined };
    expect(await world.revocations.isRevoked({ ...token, tokenIssuedAt: world.clock.time + dayMs })).toBe(
      true,
    );
  });

  test('one that comes back with a later token keeps its item, or it would hear nothing more', async () => {
    await talk();
    const removeAgent = erasure.removeAgent.bind(erasure);
    jest.spyOn(erasure, 'removeAgent').mockImplementation(async (tenantId, agentId) => {
      if (agentId === 'alice')
        await connect(world.deps, world.caller('late', { agentId, tokenIssuedAt: world.clock.time + 1_000 }));
      return removeAgent(tenantId, agentId);
    });
    expect(await give({ tenant_id: 't', agent_id: 'alice' })).toMatchObject({ agents: 0, connected: 1 });
    expect(world.agents.agent('t', 'alice')?.connections).toEqual(new Set(['late']));
  });

  test('a second order finds nothing, and changes nothing', async () => {
    const { bob } = await talk();
    await give({ tenant_id: 't', agent_id: 'alice' });
    const before = await history(bob);
    expect(await give({ tenant_id: 't', agent_id: 'alice' })).toMatchObject({
      closed: 0,
      messages: 0,
      agents: 0,
    });
    expect(await history(bob)).toEqual(before);
  });

  test('an order whose connections can’t be closed fails, to be given again', async () => {
    await talk();
    world.sockets.close = () => Promise.resolve('unknown' as 'closed');
    await expect(give({ tenant_id: 't', agent_id: 'alice' })).rejects.toThrow('1 connections');
    expect(world.log.lines.at(-1)).toMatchObject({ event: 'erasure_failed', fields: { audit: true } });
    expect(world.history.rows('t/channel/c').at(-1)?.body).toContain('private words');
  });
});

describe('a log with empty rows', () => {
  test('goes on with the next sequence in the same epoch, and a position before them is recovered', async () => {
    const { bob } = await talk();
    const epoch = world.history.rows('t/channel/c')[0]!.epoch;
    await give({ tenant_id: 't', agent_id: 'alice' });
    await world.send(bob, { id: 'next', content: 5 });
    expect(world.history.rows('t/channel/c')[0]).toMatchObject({ sequence: 5, epoch, id: 'next' });
    await world.send(bob, { type: 'subscribe', id: 's', channel_id: 'c', since: { epoch, sequence: 0 } });
    const answers = world.sockets.of('2=').flat();
    expect(answers.findLast(({ type }) => type === 'SUBSCRIBED')).toMatchObject({ recovered: true });
    expect(answers.at(-1)).toMatchObject({
      type: 'REPLAYED',
      sequence: 5,
      complete: true,
      gaps: [gap(1), gap(3)],
    });
  });

  test('neighbours are one gap in a replay, however many there are', async () => {
    const { bob, alice } = await talk();
    const epoch = world.history.rows('t/channel/c')[0]!.epoch;
    for (let n = 0; n < 40; n++) await world.send(alice, { id: `n${String(n)}`, content: n });
    await give({ tenant_id: 't', agent_id: 'alice' });
    await world.send(bob, { type: 'subscribe', id: 's', channel_id: 'c', since: { epoch, sequence: 4 } });
    expect(world.sockets.of('2=').flat().at(-1)).toMatchObject({ type: 'REPLAYED', gaps: [gap(5, 44)] });
  });

  test('also of an agent that has never connected', async () => {
    const bob = await world.open('0=', { agentId: 'bob' });
    await world.send(await world.open('1=', { agentId: 'alice' }), { id: 'm', to: 'carol', content: 1 });
    await world.send(bob, { id: 'n', to: 'carol', content: 2 });
    await give({ tenant_id: 't', agent_id: 'alice' });
    const rows = world.history.rows(inboxSubject('t', 'carol'));
    expect(rows.map(({ id }) => id)).toEqual(['n', '']);
  });
});

describe('a tenant', () => {
  test('all of its messages and agents go, and another tenant stays', async () => {
    await talk();
    const other = await world.open('9=', { tenantId: 'other', agentId: 'alice', level: 1 });
    await world.send(other, { id: 'kept', content: 'kept' });
    expect(await give({ tenant_id: 't' })).toMatchObject({
      closed: 2,
      messages: 7,
      agents: 2,
      channels: 1,
    });
    const subjects = ['t/channel/c', 't/inbox/alice', 't/inbox/bob'];
    const rows = subjects.flatMap((each) => world.history.rows(each));
    expect(rows).toHaveLength(7);
    expect(rows.every(({ body, agentId, id }) => `${body}${agentId}${id}` === '')).toBe(true);
    expect(world.agents.ids('t')).toEqual([]);
    expect(await history(other)).toMatchObject({ ids: ['kept'] });
  });

  // The directory had lost the channel, and its next message came in the same quarter of the retention as the erased one before it, so
  // that it did not write the row: for hours no list had the channel, and a second order did not find the message.
  test('a channel that is used again is in the directory, and a second order finds what is new', async () => {
    await talk();
    await give({ tenant_id: 't' });
    world.clock.time += 60_000;
    const carol = await world.open('3=', { agentId: 'carol', level: 1, tokenIssuedAt: world.clock.time });
    await world.send(carol, { id: 'new', content: 'private words again' });
    for await (const page of world.directory.channels('t')) expect(page).toEqual(['c']);
    expect(await give({ tenant_id: 't' })).toMatchObject({ messages: 1, channels: 1 });
  });

  // An eventually consistent read lacks what was written within about the last second: the messages of such a channel stayed.
  test('the directory is read strongly consistently, so that a channel that has just begun is found', async () => {
    const list = jest.spyOn(world.directory, 'channels');
    await give({ tenant_id: 't' });
    expect(list.mock.calls).toEqual([['t', undefined, true]]);
  });
});

describe('when its time is over', () => {
  /** A page takes longer than an invocation has. */
  const beSlow = () => {
    const eraseMessage = erasure.eraseMessage.bind(erasure);
    jest.spyOn(erasure, 'eraseMessage').mockImplementation((...row) => {
      world.clock.time += 91_000;
      return eraseMessage(...row);
    });
  };

  test('the answer says how to go on, and the last one counts everything', async () => {
    const { bob } = await talk();
    beSlow();
    let answer = await give({ tenant_id: 't', agent_id: 'alice' });
    let rounds = 1;
    for (; answer.next !== undefined; rounds++) answer = await give(answer.next);
    expect(rounds).toBeGreaterThan(3);
    expect(answer).toMatchObject({ closed: 1, messages: 4, agents: 1 });
    expect(await history(bob)).toMatchObject({ ids: ['m1', 'm3'] });
    expect(world.invoker.started.filter(({ functionName }) => functionName === 'revoke')).toEqual([]);
  });

  test('an order that nobody waits for goes on by itself', async () => {
    await talk();
    beSlow();
    await give({ tenant_id: 't', unattended: true });
    const next = () => world.invoker.started.filter(({ functionName }) => functionName === 'revoke');
    for (let round = 0; round < next().length && round < 50; round++) await give(next()[round]!.payload);
    expect(world.agents.ids('t')).toEqual([]);
    expect(world.log.lines.at(-1)).toMatchObject({
      event: 'erasure',
      fields: { complete: true, messages: 7, agents: 2, channels: 1 },
    });
  });
});

/** As Lambda and the publish queue leave them. */
const fail = () => {
  failedEvents.add({ requestPayload: { tenant: 't', agent: 'alice', connection: '1=' } });
  failedEvents.add({ tenant_id: 't', agent_id: 'alice', to: 'bob', content: 'private words' });
  failedEvents.add({ requestPayload: { tenant: 't', agent: 'bob', connection: '2=' } });
};

describe('the failure queue', () => {
  test('what is about the agent goes, what is about others stays, and the report does not list it', async () => {
    fail();
    const { failures, remains } = await give({ tenant_id: 't', agent_id: 'alice' });
    expect(failures).toBe(2);
    expect(remains).not.toHaveProperty('failure_queue');
    expect(failedEvents.bodies).toEqual([expect.stringContaining('"bob"')]);
    expect(world.log.lines.at(-1)).toMatchObject({
      event: 'erasure',
      fields: { failures: 2, failure_queue_clean: true },
    });
  });

  test('that somebody else reads, or that fails: the rest is erased, and the report says until when', async () => {
    await talk();
    fail();
    await failedEvents.receive(30);
    const answer = await give({ tenant_id: 't', agent_id: 'alice' });
    expect(answer).toMatchObject({ failures: 0, messages: 4, agents: 1 });
    expect(answer.remains.failure_queue).toBe(new Date(world.clock.time + dayMs).toISOString());
    failedEvents.receive = () => Promise.reject(new Error('no queue'));
    expect((await give({ tenant_id: 't' })).remains).toHaveProperty('failure_queue');
    expect(world.log.lines.map(({ event }) => event)).toContain('failure_queue_not_read');
  });

  test('without the time for all of it, it is the next invocation’s', async () => {
    await talk();
    fail();
    const removeAgent = erasure.removeAgent.bind(erasure);
    jest.spyOn(erasure, 'removeAgent').mockImplementation((...agent) => {
      world.clock.time += 20_000;
      return removeAgent(...agent);
    });
    const first = await give({ tenant_id: 't', agent_id: 'alice' });
    expect(first).toMatchObject({ agents: 1, failures: 0, next: { place: { list: 'failures' } } });
    expect(first.remains).toHaveProperty('failure_queue');
    expect(failedEvents.receives).toBe(0);
    const last = await give(first.next!);
    expect(last).toMatchObject({ agents: 1, messages: 4, failures: 2 });
    expect(last).not.toHaveProperty('next');
    expect(last.remains).not.toHaveProperty('failure_queue');
  });
});

test('the report says what remains, and until when', async () => {
  // Somebody else reads it.
  fail();
  await failedEvents.receive(30);
  const { remains } = await give({ tenant_id: 't', agent_id: 'alice' });
  const at = (ms: number) => new Date(world.clock.time + ms).toISOString();
  expect(remains).toEqual({
    empty_rows: at(2 * dayMs),
    channel_names: at(30 * hourMs),
    counters: at(26 * hourMs),
    revocation: at(7 * dayMs),
    failure_queue: at(dayMs),
    logs: at(30 * dayMs),
    audit_log: at(365 * dayMs),
    backups: at(35 * dayMs),
  });
});

test('the audit log says who was erased and how much, and has no content', async () => {
  await talk();
  await give({ tenant_id: 't', agent_id: 'alice' });
  expect(world.log.lines.at(-1)).toMatchObject({
    event: 'erasure',
    fields: { audit: true, tenant_id: 't', agent_id: 'alice', messages: 4, complete: true },
  });
  expect(JSON.stringify(world.log.lines)).not.toContain('private words');
});
