/**
 * Every crash point of every function: each awaited call of each is reached once with the process killed before the call
 * has its effect, and once after. Then the clients recover as they would, and all promises are checked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { check } from './checker';
import { entryPoints, type Kill } from './memory/platform';
import { Schedule } from './memory/schedule';

const dayMs = 24 * 3_600_000;

interface Scenario {
  readonly name: string;
  readonly kind: Kill['kind'];
  /** A part of the message whose run is killed. */
  readonly of?: string;
  /** What leads to the run; begins with alice and bob (level 1) and old (level 0) connected for a minute. */
  readonly act: (schedule: Schedule) => void | Promise<void>;
  /** Before the kill is set. */
  readonly prepare?: (schedule: Schedule) => void | Promise<void>;
  /** As in PlatformOptions. */
  readonly ownReceivers?: number;
  /** The least number of calls, so that a scenario that became empty fails. */
  readonly minCalls: number;
}

const [alice, bob] = [0, 1];
const after = (schedule: Schedule, ms: number): Promise<void> =>
  schedule.time.runUntil(schedule.time.now() + ms);

const scenarios: readonly Scenario[] = [
  {
    name: 'authorizer',
    kind: 'authorizer',
    minCalls: 1,
    act: (schedule) => {
      schedule.addClient('t1', 'carol', 'carol').follow('news');
    },
  },
  {
    name: 'connect',
    kind: 'connect',
    minCalls: 2,
    act: (schedule) => {
      schedule.addClient('t1', 'carol', 'carol').follow('news');
    },
  },
  {
    name: 'connect of the original protocol, with a channel and a stored message',
    kind: 'connect',
    of: '"agent":"late"',
    minCalls: 4,
    prepare: async (schedule) => {
      schedule.publish(alice, { to: 'late' });
      await after(schedule, 5_000);
    },
    act: (schedule) => {
      schedule.addListener({ tenantId: 't1', agentId: 'late', channelId: 'news', level: 0 }, 'late');
    },
  },
  {
    name: 'push of an inbox',
    kind: 'inbox',
    minCalls: 4,
    prepare: async (schedule) => {
      for (let count = 0; count < 3; count++) schedule.publish(alice, { to: 'late' });
      await after(schedule, 5_000);
    },
    act: (schedule) => {
      schedule.addListener({ tenantId: 't1', agentId: 'late', channelId: 'news', level: 0 }, 'late');
    },
  },
  {
    name: 'publish to a channel',
    kind: 'message',
    of: 'content',
    minCalls: 6,
    act: (schedule) => {
      schedule.publish(alice, { channelId: 'news' });
    },
  },
  {
    name: 'publish with a receiver that is gone',
    kind: 'message',
    of: 'content',
    minCalls: 10,
    prepare: async (schedule) => {
      schedule.chaos.forced.add('disconnect lost');
      for (const { drop } of schedule.listeners) drop();
      await after(schedule, 5_000);
      schedule.chaos.forced.clear();
    },
    act: (schedule) => {
      schedule.publish(alice, { channelId: 'news' });
    },
  },
  {
    name: 'direct message to an agent that is there',
    kind: 'message',
    of: 'content',
    minCalls: 5,
    act: (schedule) => {
      schedule.publish(alice, { to: 'bob' });
    },
  },
  {
    name: 'direct message to an agent that is not there',
    kind: 'message',
    of: 'content',
    minCalls: 5,
    act: (schedule) => {
      schedule.publish(alice, { to: 'nobody-yet' });
    },
  },
  {
    name: 'retry of a message',
    kind: 'message',
    of: 'retry',
    minCalls: 2,
    prepare: (schedule) => {
      // The first attempt is in the log, and its ACK is lost.
      schedule.chaos.forced.add('post lost before');
      schedule.publish(alice, { channelId: 'news' });
    },
    act: async (schedule) => {
      await after(schedule, 4_500);
      schedule.chaos.forced.clear();
    },
  },
  {
    name: 'subscribe',
    kind: 'message',
    of: 'subscribe',
    minCalls: 4,
    act: (schedule) => {
      schedule.clients[alice]?.client.follow('work');
    },
  },
  {
    name: 'unsubscribe',
    kind: 'message',
    of: 'unsubscribe',
    minCalls: 3,
    act: (schedule) => {
      schedule.clients[alice]?.client.unfollow('news');
    },
  },
  {
    name: 'hello with a resume and a replay',
    kind: 'message',
    of: 'hello',
    minCalls: 8,
    act: async (schedule) => {
      schedule.clients[alice]?.client.leaveFor(3_000);
      await after(schedule, 500);
      for (let count = 0; count < 3; count++) schedule.publish(bob, { channelId: 'news' });
    },
  },
  {
    name: 'history',
    kind: 'message',
    of: 'history',
    minCalls: 3,
    prepare: async (schedule) => {
      schedule.chaos.forced.add('post gone').add('status unknown');
      schedule.publish(bob, { channelId: 'news' }, 1);
      await after(schedule, 3_000);
      schedule.chaos.forced.clear();
    },
    act: () => undefined,
  },
  { name: 'ping', kind: 'message', of: 'ping', minCalls: 4, act: () => undefined },
  {
    name: 'news of presence, to a watcher that is gone',
    kind: 'presence',
    minCalls: 6,
    prepare: async ({ platform }) => {
      const watcher = { connectionId: 'gone', agentId: 'watcher', level: 1, echo: true, expiresAt: Infinity };
      await platform.connections.putSubscription('t1', '$presence', watcher);
    },
    act: (schedule) => {
      schedule.addClient('t1', 'carol', 'carol');
    },
  },
  {
    name: 'a chunk of a fan-out, with one receiver that is gone',
    kind: 'chunk',
    of: '"gone"',
    ownReceivers: 0,
    minCalls: 7,
    prepare: async ({ platform }) => {
      const gone = { connectionId: 'gone', agentId: 'gone', level: 1, echo: true, expiresAt: Infinity };
      await platform.connections.putSubscription('t1', 'news', gone);
    },
    act: (schedule) => {
      schedule.publish(bob, { channelId: 'news' });
    },
  },
  {
    name: 'sweep, with one that is gone',
    kind: 'sweep',
    minCalls: 8,
    prepare: async (schedule) => {
      schedule.chaos.forced.add('disconnect lost');
      for (const { drop } of schedule.listeners) drop();
      await after(schedule, 11 * 60_000);
      schedule.chaos.forced.clear();
    },
    act: (schedule) => {
      void schedule.platform.sweep();
    },
  },
  {
    name: 'kick of an agent, which comes back',
    kind: 'revoke',
    minCalls: 6,
    act: (schedule) => {
      void schedule.platform.order({ action: 'kick', tenant_id: 't1', agent_id: 'alice' });
    },
  },
  {
    name: 'publish over HTTP to a channel',
    kind: 'http',
    minCalls: 6,
    act: (schedule) => {
      schedule.publishOverHttp('robot', { channelId: 'news' });
    },
  },
  {
    name: 'publish over HTTP to an agent that is there',
    kind: 'http',
    minCalls: 5,
    act: (schedule) => {
      schedule.publishOverHttp('robot', { to: 'bob' });
    },
  },
  {
    name: 'disconnect',
    kind: 'disconnect',
    minCalls: 4,
    act: (schedule) => {
      schedule.clients[alice]?.client.drop(false);
    },
  },
];

/** Runs the scenario with a kill at that call; `true` when the function made that call. */
async function crash(scenario: Scenario, call: number, when: 'before' | 'after'): Promise<boolean> {
  const schedule = new Schedule(call, new Map(), {
    retentionMs: dayMs,
    mayExpire: false,
    ownReceivers: scenario.ownReceivers,
  });
  schedule.chaos.isCalm = true;
  for (const name of ['alice', 'bob']) {
    const client = schedule.addClient('t1', name, name);
    client.follow('$inbox');
    client.follow('news');
  }
  schedule.addListener({ tenantId: 't1', agentId: 'old', channelId: 'news', level: 0 }, 'old');
  await after(schedule, 60_000);
  schedule.publish(bob, { channelId: 'news' });
  await after(schedule, 5_000);
  await scenario.prepare?.(schedule);
  schedule.platform.killNext({ kind: scenario.kind, of: scenario.of ?? '', call, when });
  await scenario.act(schedule);
  // A client that got no answer asks more seldom: up to eight times its usual pause.
  await after(schedule, 60_000);
  expect(schedule.platform.wasAimedAt).toBe(true);
  await schedule.rest();
  const { record, violations } = schedule.result();
  expect({ call, when, violations: [...violations, ...check(record)] }).toEqual({
    call,
    when,
    violations: [],
  });
  return schedule.platform.wasKilled;
}

test.each(scenarios)('a crash at any call of: $name', async (scenario) => {
  let calls = 0;
  while (await crash(scenario, calls + 1, 'before')) {
    await crash(scenario, calls + 1, 'after');
    calls += 1;
  }
  expect(calls).toBeGreaterThanOrEqual(scenario.minCalls);
});

/**
 * Not in the world of the scenarios: `audit` copies lines that others wrote and touches no table; the events of `publish-queue` come
 * from SQS, and test/lambda/publish-queue.test.ts ends it at its put.
 */
const elsewhere = ['audit', 'publish-queue'];

// A new function: its entry point in memory/platform.ts, and a scenario for each way through it above.
test('every function of the stack has a scenario', () => {
  const folder = path.join(__dirname, '..', '..', 'lambda/functions');
  const functions = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(path.join(folder, file), 'utf8').includes('export const handler'))
    .map((file) => path.basename(file, '.ts'));
  const crashed: readonly string[] = scenarios.map(({ kind }) => entryPoints[kind]);
  expect(functions.length).toBeGreaterThanOrEqual(5);
  expect(functions.filter((name) => !crashed.includes(name))).toEqual(elsewhere);
});
