/**
 * The metric filters and thresholds of the template, over the log lines of the laptop gateway: the plans of docs/faults.md, and
 * a fault of each service, raise exactly the alarms that they should; a healthy load raises none.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FaultPlanInput } from '../../gateway/index';
import { alarmNames } from '../../lib/monitoring/alarm-table';
import { assemblyFor } from '../helpers/assembly';
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
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

let bus: Bus;
let watch: AlarmWatch;
let tenant: string;

beforeAll(async () => {
  bus = await Bus.start({ faultPlan: {} });
  watch = new AlarmWatch(await assemblyFor(), bus.inside.gateway);
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
  expect([...watch.names].sort()).toEqual([...alarmNames].sort());
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
    for (let n = 0; n < 20; n++) publisher!.send({ id: fresh('d'), to: 'nobody', content: n });
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
    begin(hangingWrites);
    await publish(publisher!, 40);
    expect(watch.raised()).toEqual(['AcksSlow']);
  },
  patienceMs,
);

withFaults(
  'posts without an answer: posts are lost',
  async () => {
    const [publisher] = await subscribers(8, 'news');
    begin(lostPosts);
    await publish(publisher!, 8);
    expect(watch.raised()).toEqual(['PostsLost']);
  },
  patienceMs,
);

withFaults(
  'functions that end at a call, and ends of connections that are not reported: functions fail',
  async () => {
    const [publisher] = await subscribers(2, 'news');
    begin(lostEnds);
    await publish(publisher!, 60);
    expect(watch.raised()).toEqual(['FunctionsFailing']);
  },
  patienceMs,
);

const kinds: readonly (readonly [string, FaultPlanInput['rules'], readonly string[]])[] = [
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
    'receivers that have gone need nobody',
    [{ service: 'connections', operation: 'get', fault: 'error', status: 410 }],
    [],
  ],
];

describe('a fault of one service', () => {
  for (const [title, rules, expected] of kinds) {
    withFaults(
      title,
      async () => {
        const [publisher] = await subscribers(3, 'news');
        begin({ rules });
        await publish(publisher!, 12);
        expect(watch.raised()).toEqual(expected);
      },
      patienceMs,
    );
  }

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
