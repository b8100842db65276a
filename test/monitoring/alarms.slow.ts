/**
 * The metric filters and thresholds of the template, over the log lines of the laptop gateway: the plans of docs/faults.md, and
 * a fault of each service, raise exactly the alarms that they should; a healthy load raises none.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FaultPlanInput } from '../../gateway/index';
import { alarmNames, alarmTable, thresholdOf } from '../../lib/monitoring/alarm-table';
import { assemblyFor } from '../helpers/assembly';
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { callsOf } from '../http/http-client';
import type { TestClient } from '../helpers/ws-client';
import { AlarmWatch } from './alarms-of-template';

const page = readFileSync(path.join(__dirname, '../../docs/faults.md'), 'utf8');
const recipes = page.slice(page.indexOf('## Three recipes'));
const [hangingWrites, lostPosts, lostEnds] = [...recipes.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text = '']) => JSON.parse(text) as FaultPlanInput,
);

/** Faults end processes, which takes its time. */
const patienceMs = 120_000;
const withFaults = needs('faults');

/** Without them there is no alarm for events that were not sent. */
const settings = { events: { channels: ['orders'] } };

let bus: Bus;
let watch: AlarmWatch;
let tenant: string;

beforeAll(async () => {
  bus = await Bus.start({ faultPlan: {}, settings });
  watch = new AlarmWatch(await assemblyFor(settings), bus.inside.gateway);
}, patienceMs);
afterAll(() => bus.stop());

beforeEach(() => {
  tenant = fresh('t');
});
afterEach(async () => {
  bus.inside.gateway.faultPlan?.replace({});
  await bus.hangUp();
});

async function subscribers(count: number, channel: string): Promise<TestClient[]> {
  const clients: TestClient[] = [];
  // One after another: functions that load at once on a busy machine are no fault of the plan.
  for (let n = 0; n < count; n++)
    clients.push(await bus.connect({ tenant, agent: `a${String(n)}` }, { channel }));
  return clients;
}

/** From then on the alarms see only what comes. */
function begin(plan: FaultPlanInput | undefined): void {
  if (plan === undefined) throw new Error('docs/faults.md has lost a recipe');
  bus.inside.gateway.faultPlan?.replace(plan);
  watch.start();
}

/**
 * As many periods as the alarm looks at that looks at most, the plan in the first ones of them: what one period of a few messages
 * shows may be an accident. The plan begins again with each, so that its faults are the same.
 */
async function inThreePeriods(
  plan: FaultPlanInput | undefined,
  faulty: number,
  load: () => Promise<void>,
): Promise<void> {
  begin(plan);
  for (let period = 1; period <= 3; period++) {
    bus.inside.gateway.faultPlan?.replace(period <= faulty ? plan! : {});
    await load();
    if (period < 3) watch.next();
  }
}

/** Publishes, one message after another, until that number of events of `default` has ended. */
async function publish(client: TestClient, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { length } = linesOf('default');
    client.send({ id: fresh('m'), content: n });
    await eventually(
      () => linesOf('default').length,
      (lines) => lines > length,
    );
  }
}

/** Ends of events: lines `published`, and those of the platform about a function that ended. */
function linesOf(name: 'default'): readonly unknown[] {
  return bus.inside.log.filter(
    ({ function: fn, text, stream }) =>
      fn.toLowerCase().includes(`${name}function`) && (text.includes('"published"') || stream === 'platform'),
  );
}

test('the template has the alarms of the table', () => {
  const withEvents = alarmNames.filter(
    (name) => thresholdOf(alarmTable[name], { events: true }) !== undefined,
  );
  expect([...watch.names].sort()).toEqual([...withEvents].sort());
});

withFaults(
  'a healthy load raises none',
  async () => {
    const [publisher] = await subscribers(5, 'news');
    await publish(publisher!, 5);
    watch.start();
    for (let period = 1; period < 3; period++) {
      await publish(publisher!, 20);
      watch.next();
    }
    await publish(publisher!, 20);
    const { length } = linesOf('default');
    for (let n = 0; n < 20; n++) publisher!.send({ id: fresh('d'), to: 'nobody', content: n });
    // Otherwise the next test takes their ends for those of its own messages.
    await eventually(
      () => linesOf('default').length,
      (lines) => lines >= length + 20,
    );
    await bus.connect({ tenant, agent: 'nobody' });
    await expect(bus.open(bus.url({ token: 'not a token' }))).rejects.toThrow();
    const [sweep] = bus.inside.gateway.schedules;
    await sweep?.run();
    expect(watch.raised()).toEqual([]);
  },
  patienceMs,
);

withFaults(
  'writes without an answer: ACKs are slow',
  async () => {
    const [publisher] = await subscribers(1, 'news');
    await publish(publisher!, 5);
    // By its seed the plan takes one of ten writes, and ten failures of a busy machine would be too few for another alarm.
    await inThreePeriods(hangingWrites, 3, () => publish(publisher!, 10));
    expect(watch.raised()).toEqual(['AcksSlow']);
  },
  patienceMs,
);

withFaults(
  'posts without an answer: posts are lost',
  async () => {
    const [publisher] = await subscribers(8, 'news');
    await publish(publisher!, 5);
    // Its ten seconds lie in one period. The times of so few ACKs, some of them by the way of a new socket, say nothing.
    await inThreePeriods(lostPosts, 1, () => publish(publisher!, 8));
    expect(watch.raised()).toEqual(['PostsLost']);
  },
  patienceMs,
);

withFaults(
  'functions that end at a call, and ends of connections that are not reported: functions fail',
  async () => {
    const [publisher] = await subscribers(2, 'news');
    await publish(publisher!, 5);
    // A new process may take its time for its first ACK, so that of several periods AcksSlow could come of it, too.
    await inThreePeriods(lostEnds, 1, () => publish(publisher!, 60));
    expect(watch.raised()).toEqual(['FunctionsFailing']);
  },
  patienceMs,
);

/** With the alarms, and the channel unless it is `news`. */
const kinds: readonly (readonly [string, FaultPlanInput['rules'], readonly string[], string?])[] = [
  [
    'a table that refuses writes: publishes fail',
    [{ service: 'dynamodb', table: 'MessageTable', operation: 'PutItem', fault: 'error' }],
    ['PublishesFailing'],
  ],
  [
    'a table that throttles: publishes fail',
    [{ service: 'dynamodb', table: 'MessageTable', operation: 'Query', fault: 'throttle' }],
    ['PublishesFailing'],
  ],
  [
    'posts over the rate of the account: the account throttles',
    [{ service: 'connections', operation: 'post', fault: 'throttle' }],
    ['Throttled'],
  ],
  [
    'posts that API Gateway refuses: posts are lost',
    [{ service: 'connections', operation: 'post', fault: 'error', status: 400 }],
    ['PostsLost'],
  ],
  [
    'an EventBridge that throttles: events are not sent',
    [{ service: 'eventbridge', operation: 'PutEvents', fault: 'throttle' }],
    ['EventsNotSent'],
    'orders',
  ],
  [
    'receivers that have gone need nobody',
    [{ service: 'connections', operation: 'get', fault: 'error', status: 410 }],
    [],
  ],
];

describe('a fault of one service', () => {
  for (const [title, rules, expected, channel = 'news'] of kinds) {
    withFaults(
      title,
      async () => {
        const [publisher] = await subscribers(3, channel);
        begin({ rules });
        await publish(publisher!, 12);
        expect(watch.raised()).toEqual(expected);
      },
      patienceMs,
    );
  }

  withFaults(
    'a table that throttles, over HTTP: publishes fail',
    async () => {
      const call = await callsOf(bus, { tenant, agent: 'alice' });
      begin({
        rules: [{ service: 'dynamodb', table: 'MessageTable', operation: 'Query', fault: 'throttle' }],
      });
      for (let n = 0; n < 12; n++) {
        const answer = await call('POST', '/channels/news/messages', { body: { content: n } });
        expect(answer.status).toBe(503);
      }
      const raised = await eventually(
        () => watch.raised(),
        (some) => some.length > 0,
      );
      expect(raised).toEqual(['PublishesFailing']);
    },
    patienceMs,
  );

  withFaults(
    'handshakes that the tables do not take: handshakes fail',
    async () => {
      begin({ rules: [{ service: 'dynamodb', function: 'ConnectFunction', fault: 'error' }] });
      for (let n = 0; n < 5; n++) await expect(subscribers(1, 'news')).rejects.toThrow();
      expect(watch.raised()).toEqual(['HandshakesFailing']);
    },
    patienceMs,
  );

  withFaults(
    'an inbox push that ends: the failure queue has its event',
    async () => {
      const [sender] = await subscribers(1, 'news');
      sender!.send({ id: 'd1', to: 'bob', content: 1 });
      await sender!.reply('d1');
      begin({ rules: [{ service: 'dynamodb', function: 'InboxFunction', fault: 'kill' }] });
      await bus.connect({ tenant, agent: 'bob' });
      await eventually(
        () => watch.raised(),
        (raised) => raised.length > 0,
      );
      expect(watch.raised()).toEqual(['FailureQueueNotEmpty']);
    },
    patienceMs,
  );
});
