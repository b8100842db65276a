/** Requests that expire: when they are stored, when they are posted, and what a connection that comes later gets. */
import { connect } from '../../lambda/agents/connect';
import { Deadline } from '../../lambda/shared/deadline';
import { deliverTexts } from '../../lambda/inbox/deliver-texts';
import { decodeInboxJob } from '../../lambda/shared/inbox-job';
import { pushInbox } from '../../lambda/inbox/push-inbox';
import { RetryingSender } from '../../lambda/delivery/retrying-sender';
import { inboxSubject } from '../../lambda/shared/subjects';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;
let alice: ReturnType<ReturnType<typeof createWorld>['caller']>;
let bob: { agentId: string; channelId: undefined; level: number };

beforeEach(async () => {
  world = createWorld();
  alice = await world.open('alice', { agentId: 'alice' });
  bob = { agentId: 'bob', channelId: undefined, level: 0 };
});

const request = (id: string, timeout_ms: number, more: object = {}) => ({
  ...{ id, to: 'bob', content: id, expects_reply: true, timeout_ms },
  ...more,
});
const answerTo = (id: string) => world.sockets.of('alice').find((frame) => frame.message_id === id);
const idsAt = (connectionId: string) => world.sockets.of(connectionId).map(({ id }) => id);
const stored = () => world.history.rows(inboxSubject('t', 'bob')).map(({ id }) => id);

/** The put of a message takes so long. */
function slowPuts(ms: number): void {
  const put = world.history.tryPut.bind(world.history);
  world.history.tryPut = async (...args) => {
    const outcome = await put(...args);
    world.clock.time += ms;
    return outcome;
  };
}

/** What the inbox function does with the newest order. */
async function push(): Promise<void> {
  const order = decodeInboxJob(world.invoker.started.at(-1)!.payload);
  const deadline = new Deadline(world.clock, world.clock.time + 50_000);
  const sender = new RetryingSender(world.sockets, world.clock, deadline);
  await pushInbox(
    world.deps,
    order,
    order.inboxMark,
    deliverTexts(sender, world.sockets, world.clock, order),
    deadline,
  );
}

test('one that no connection took is not pushed to a later one once it has expired', async () => {
  await world.open('ghost', bob);
  world.sockets.closed.add('ghost');
  await world.send(alice, request('m1', 4_000));
  await world.open('ghost2', bob);
  world.sockets.closed.add('ghost2');
  await world.send(alice, request('m2', 60_000));
  await connect(world.deps, world.caller('bob1', bob));
  world.clock.time += 4_000;
  await push();
  expect(stored()).toEqual(['m2', 'm1']);
  expect(idsAt('bob1')).toEqual(['m2']);
  expect((await world.agents.getAgent('t', 'bob')).inboxMark).toBeUndefined();
});

test('the hello of a later connection names it as a gap', async () => {
  await world.open('ghost', bob);
  world.sockets.closed.add('ghost');
  await world.send(alice, request('m1', 4_000));
  bob = { ...bob, level: 1 };
  const bob1 = await world.open('bob1', bob);
  await world.send(bob1, { type: 'hello', id: 'h' });
  expect(world.sockets.of('bob1').at(-1)).toMatchObject({
    type: 'REPLAYED',
    complete: true,
    gaps: [{ from: 1, to: 1, code: 'not_recoverable', reason: 'request_expired' }],
  });
});

test.each([false, true])('one that expires before its turn is refused; ephemeral: %s', async (ephemeral) => {
  await world.open('bob1', bob);
  const getAgent = world.agents.getAgent.bind(world.agents);
  world.agents.getAgent = (...args) => {
    world.clock.time += 50;
    return getAgent(...args);
  };
  await world.send(alice, request('m1', 40, { ephemeral }));
  expect(answerTo('m1')).toMatchObject({ type: 'ERROR', code: 'request_expired' });
  expect(stored()).toEqual([]);
  expect(idsAt('bob1')).toEqual([]);
});

test('no put begins after its time, when the log is busy or slow', async () => {
  await world.open('bob1', bob);
  const outcomes: string[] = [];
  world.history.tryPut = () => {
    outcomes.push('unclear');
    world.clock.time += 300;
    return Promise.resolve('unclear');
  };
  await world.send(alice, request('m1', 1_000));
  expect(answerTo('m1')).toMatchObject({ type: 'ERROR', code: 'request_expired' });
  expect(outcomes.length).toBeLessThanOrEqual(4);
});

test('one that expired while it was stored is not posted; the others of its batch are', async () => {
  await world.open('bob1', bob);
  slowPuts(100);
  await world.send(alice, [request('m1', 150), { id: 'm2', to: 'bob', content: 1 }, request('m3', 9_000)]);
  expect(stored()).toEqual(['m3', 'm2', 'm1']);
  expect(idsAt('bob1')).toEqual(['m2', 'm3']);
});

test('one that comes again is the first one, as long as somebody waits', async () => {
  await world.open('bob1', bob);
  await world.send(alice, request('m1', 9_000));
  world.clock.time += 1_000;
  await world.send(alice, request('m1', 8_000, { retry: true }));
  expect(world.sockets.of('alice').map(({ status }) => status)).toEqual(['accepted', 'duplicate']);
  expect(stored()).toEqual(['m1']);
});

test('its timeout costs no further call of a store, neither when it is sent nor when it is pushed', async () => {
  const calls: string[] = [];
  for (const store of [world.history, world.agents, world.connections]) {
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(store)) as never[];
    for (const name of methods) {
      const original = (store as unknown as Record<string, unknown>)[name];
      if (name === 'constructor' || typeof original !== 'function') continue;
      Object.assign(store, {
        [name]: (...args: unknown[]) => {
          calls.push(name);
          return original.apply(store, args) as unknown;
        },
      });
    }
  }
  const callsFor = async (agentId: string, timeout_ms: number | undefined): Promise<string[]> => {
    const who = { ...bob, agentId };
    await world.open(`ghost-${agentId}`, who);
    world.sockets.closed.add(`ghost-${agentId}`);
    calls.length = 0;
    await world.send(alice, { ...request(agentId, 1), to: agentId, timeout_ms });
    await connect(world.deps, world.caller(`next-${agentId}`, who));
    world.clock.time += 20_000;
    await push();
    expect(idsAt(`next-${agentId}`)).toEqual(timeout_ms === undefined ? [agentId] : []);
    return calls.splice(0);
  };
  const without = await callsFor('bob', undefined);
  expect(without.length).toBeGreaterThan(5);
  expect(await callsFor('eve', 15_000)).toEqual(without);
});
