/**
 * Waking sleeping agents, in memory: senders side by side, an EventBridge that refuses, loses its answer or never gets the call, stores
 * that fail, and functions that end between two calls.
 */
import { connect } from '../../lambda/agents/connect';
import { removeConnection } from '../../lambda/agents/remove-connection';
import { type BusEvent, type EventSink, Unavailable } from '../../lambda/shared/ports';
import { observerId } from '../../lambda/shared/subjects';
import { sweepRoute } from '../../lambda/events/sweep';
import { MemorySweepStore } from '../doubles/memory-sweep-store';
import { createWorld } from './world';

const minute = 60_000;

interface WakeDetail {
  readonly agent_id: string;
  readonly sequence: number;
}

/** Takes every event, but for what the faults say. */
class Sink implements EventSink {
  readonly events: { readonly type: string; readonly detail: WakeDetail; readonly at: number }[] = [];
  fault: () => 'refused' | 'unanswered' | 'killed' | undefined = () => undefined;

  constructor(private readonly now: () => number) {}

  async send(events: readonly BusEvent[]): Promise<readonly boolean[]> {
    await new Promise(setImmediate);
    const fault = this.fault();
    // The function ends here: nothing after it happens.
    if (fault === 'killed') return new Promise<never>(() => undefined);
    if (fault !== 'refused')
      for (const { type, detail } of events)
        this.events.push({ type, detail: JSON.parse(detail) as WakeDetail, at: this.now() });
    return events.map(() => fault === undefined);
  }

  of(agentId: string): readonly number[] {
    return this.events
      .filter(({ type, detail }) => type === 'message.stored' && detail.agent_id === agentId)
      .map(({ at }) => at);
  }
}

function createWakingWorld() {
  const world = createWorld();
  const sink = new Sink(() => world.clock.time);
  const deps = { ...world.deps, events: sink, eventChannels: ['orders', 'shop.*'] };
  const sweepStore = new MemorySweepStore(world.deps.connections, world.deps.agents);
  const sweep = sweepRoute({ ...deps, sender: world.sockets, sweep: sweepStore });
  return { ...world, deps, sink, sweep };
}

/** A generator of Park and Miller, so that a failure repeats. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

test('10,000 messages for 1,000 sleeping agents under faults: all are announced, with at most 1.05 events for a burst', async () => {
  const { deps, sink, sweep, sendWith, caller, clock, agents } = createWakingWorld();
  const random = randomFrom(20_261_129);
  sink.fault = () => {
    const drawn = random();
    if (drawn < 0.02) return 'refused';
    if (drawn < 0.04) return 'killed';
    return drawn < 0.06 ? 'unanswered' : undefined;
  };
  const markWoken = agents.markWoken.bind(agents);
  const claimWake = agents.claimWake.bind(agents);
  agents.markWoken = (claim) =>
    random() < 0.01 ? Promise.reject(new Unavailable('faulty')) : markWoken(claim);
  agents.claimWake = (...args) =>
    random() < 0.01 ? Promise.reject(new Unavailable('faulty')) : claimWake(...args);

  const names = Array.from({ length: 1_000 }, (_, n) => `sleeper-${n}`);
  const senders = Array.from({ length: 4 }, (_, n) => caller(`sender-${n}`));
  let sent = 0;
  for (let group = 0; group < names.length; group += 20) {
    // Ten messages for each, from several senders side by side. Those whose function is killed never come to their end.
    const sending = names.slice(group, group + 20).flatMap((to) =>
      Array.from({ length: 10 }, (_, n) => {
        sent += 1;
        return sendWith(deps, senders[n % 4]!, { id: `${to}-${n}`, to, content: n });
      }),
    );
    void Promise.all(sending);
    for (let turn = 0; turn < 60; turn++) await new Promise(setImmediate);
    clock.time += 100;
  }
  expect(sent).toBe(10_000);

  for (let run = 0; run < 4; run++) {
    clock.time += 5 * minute;
    void sweep();
    for (let turn = 0; turn < 400; turn++) await new Promise(setImmediate);
  }
  const times = names.map((name) => sink.of(name));
  expect(times.filter((each) => each.length === 0)).toEqual([]);
  expect(times.flat().length / names.length).toBeLessThanOrEqual(1.05);
  // The faults have done something.
  expect(times.flat().length).toBeGreaterThan(names.length);
  for (const each of times)
    for (const [n, at] of each.entries())
      expect(at - (each[n - 1] ?? -Infinity)).toBeGreaterThanOrEqual(30_000);
});

test('one event for an absence, and the next one for the next', async () => {
  const { deps, sink, sendWith, caller, open, clock, agents } = createWakingWorld();
  const alice = caller('alice');
  const send = () => sendWith(deps, alice, { id: String(clock.time), to: 'bob', content: 1 });
  await send();
  clock.time += minute;
  await send();
  expect(sink.of('bob')).toHaveLength(1);
  await open('b1', { agentId: 'bob', level: 1 });
  await agents.removeConnection('t', 'bob', 'b1');
  // The mail is still there.
  await send();
  expect(sink.of('bob')).toHaveLength(2);
});

test('mail that comes less than half a minute after an event is announced by the sweep', async () => {
  const { deps, sink, sweep, sendWith, caller, agents, clock } = createWakingWorld();
  const send = (id: string) => sendWith(deps, caller('alice'), { id, to: 'bob', content: 1 });
  await send('m1');
  await agents.addConnection('t', 'bob', 'b1', 9);
  await agents.removeConnection('t', 'bob', 'b1');
  await send('m2');
  expect(sink.of('bob')).toHaveLength(1);
  clock.time += 5 * minute;
  await sweep();
  expect(sink.of('bob')).toHaveLength(2);
  clock.time += 5 * minute;
  await sweep();
  expect(sink.of('bob')).toHaveLength(2);
});

test('a message at an announced mark costs no call more than without the setting', async () => {
  const { deps, sendWith, caller, agents } = createWakingWorld();
  const send = (id: string) => sendWith(deps, caller('alice'), { id, to: 'bob', content: 1 });
  await send('m1');
  const claims = jest.spyOn(agents, 'claimWake');
  await send('m2');
  expect(claims).not.toHaveBeenCalled();
});

test('messages of listed channels are events, as the frame of level 1; no others', async () => {
  const { deps, sink, sendWith, caller } = createWakingWorld();
  const batch = ['orders', 'shop.7', 'shops', 'news'].map((channel_id) => ({
    id: channel_id,
    channel_id,
    content: 1,
  }));
  await sendWith(deps, caller('alice'), [
    ...batch,
    { id: 'e', channel_id: 'orders', content: 1, ephemeral: true },
  ]);
  expect(sink.events.map(({ type, detail }) => [type, detail])).toMatchObject([
    ['message.published', { id: 'orders', tenant_id: 't', channel_id: 'orders', sequence: 1, content: 1 }],
    ['message.published', { id: 'shop.7', sequence: 1 }],
  ]);
});

test('an agent that comes and leaves gives two events; an observer none', async () => {
  const { deps, sink, caller, clock } = createWakingWorld();
  for (const agentId of ['bob', observerId('bob')]) {
    const who = caller(`of-${agentId}`, { agentId });
    await connect(deps, who);
    clock.time += 1_000;
    await removeConnection(deps, { ...who, channels: [] });
  }
  expect(sink.events.map(({ type, detail }) => [type, detail.agent_id])).toEqual([
    ['agent.connected', 'bob'],
    ['agent.disconnected', 'bob'],
  ]);
});
