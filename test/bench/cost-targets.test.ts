/** What a publish costs, counted at the gateway: calls to AWS, billed units, and the ratio to the floor. */
import WebSocket from 'ws';
import { publishCounts } from '../../bin/cost/forecast';
import { PubSub } from '../../clients/javascript/index';
import { billFor, type Counts, countsBetween } from '../../gateway';
import { Bus, fresh } from '../helpers/bus';
import type { TestClient } from '../helpers/ws-client';

let bus: Bus;

beforeAll(async () => {
  // What a sample of the rates costs is counted in rate-limiter.property.test.ts.
  bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
});

// Nobody hangs up before the end: the work after a disconnect would be counted into the next test.
afterAll(() => bus.stop());

interface Publishes {
  /** The publisher is one of them. */
  readonly subscribers: number;
  readonly publishes: number;
  readonly ephemeral?: boolean;
  readonly bytes?: number;
  /** Whether the publisher uses the SDK, which makes its own copy itself. */
  readonly sdk?: boolean;
}

/** A subscriber that publishes: settles when the message is acknowledged, and when its own copy is here. */
interface Publisher {
  publish(id: string, content: string, ephemeral: boolean): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A publish that takes longer may have been sent again by now, for which the service looks: another read. */
const slowMs = 100;
const maxRounds = 20;

async function plainPublisher(tenant: string): Promise<Publisher> {
  const client = await bus.connect({ tenant, agent: 'agent-0' }, { channel: 'news' });
  return {
    publish: async (id, content, ephemeral) => {
      await client.request({ id, content, ephemeral });
      await client.next({ id });
    },
    // With the bus.
    close: () => Promise.resolve(),
  };
}

async function sdkPublisher(tenant: string): Promise<Publisher> {
  const token = () => bus.token({ tenant, agent: 'agent-0' });
  const client = new PubSub({ url: bus.baseUrls.edge, token, WebSocket });
  const news = client.channel('news').messages();
  const first = news.next();
  await client.presence.set({ status: 'ready' });
  let next: Promise<unknown> = first;
  return {
    publish: async (id, content, ephemeral) => {
      await client.channel('news').publish(content, { id, ephemeral });
      await next;
      next = news.next();
    },
    close: () => client.close(),
  };
}

/**
 * Publishes one after another, each when the one before has reached everybody; what that was on AWS. Once more when the
 * machine was too busy for one of them.
 */
async function counted({
  subscribers,
  publishes,
  ephemeral = false,
  bytes = 200,
  sdk = false,
}: Publishes): Promise<Counts> {
  const tenant = fresh('tenant');
  const publisher = await (sdk ? sdkPublisher(tenant) : plainPublisher(tenant));
  const others: TestClient[] = [];
  for (let n = 1; n < subscribers; n++) {
    others.push(await bus.connect({ tenant, agent: `agent-${n}` }, { channel: 'news' }));
  }
  const { gateway } = bus.inside;
  let slowest = 0;
  const publish = async (id: string): Promise<void> => {
    const sentAt = performance.now();
    await publisher.publish(id, 'x'.repeat(bytes), ephemeral);
    slowest = Math.max(slowest, performance.now() - sentAt);
    await Promise.all(others.map((client) => client.next({ id })));
  };
  for (let round = 0; ; round++) {
    await publish(`warm${round}`);
    slowest = 0;
    const before = gateway.costs().counts;
    for (let n = 0; n < publishes; n++) await publish(`m${round}.${n}`);
    const counts = countsBetween(before, gateway.costs().counts);
    if (slowest >= slowMs && round < maxRounds) continue;
    await publisher.close();
    return counts;
  }
}

/** `localEchoes`: copies that the publisher made itself. The floor counts them as sent. */
function ratioOf(counts: Counts, localEchoes = 0): number {
  const { dollars } = billFor({ ...counts, connectionMinutes: 0 });
  const floor = { ...counts, connectionMinutes: 0, unitsOut: counts.unitsOut + localEchoes };
  return dollars / billFor(floor).floorDollars;
}

test.each([
  [1, 1.5],
  [10, 1.13],
  [100, 1.02],
])(
  'a durable publish to %i costs at most %f times the floor, with three calls of which one writes',
  async (n, most) => {
    const publishes = 5;
    const counts = await counted({ subscribers: n, publishes });
    expect(counts).toMatchObject({ messagesIn: publishes, messagesOut: publishes * (n + 1) });
    expect(counts.calls).toEqual({
      'dynamodb:Query': 2 * publishes,
      'dynamodb:PutItem': publishes,
      'execute-api:POST': publishes * (n + 1),
    });
    expect(counts.writeUnits).toBe(publishes);
    expect(ratioOf(counts)).toBeLessThanOrEqual(most);
  },
);

test.each([
  [1, 1.25],
  [10, 1.06],
  [100, 1.01],
])(
  'an ephemeral publish to %i costs at most %f times the floor, with one call and no write',
  async (n, most) => {
    const publishes = 5;
    const counts = await counted({ subscribers: n, publishes, ephemeral: true });
    expect(counts.calls).toEqual({
      'dynamodb:Query': publishes,
      'execute-api:POST': publishes * (n + 1),
    });
    expect(counts.writeUnits).toBe(0);
    expect(ratioOf(counts)).toBeLessThanOrEqual(most);
  },
);

test.each([
  [1, 1.11],
  [10, 1.03],
  [100, 1.01],
])(
  'a durable publish of the SDK to %i, itself among them, costs at most %f times the floor',
  async (n, most) => {
    const publishes = 5;
    const counts = await counted({ subscribers: n, publishes, sdk: true });
    expect(counts).toMatchObject({ messagesIn: publishes, messagesOut: publishes * n });
    expect(counts.calls).toEqual({
      'dynamodb:Query': 2 * publishes,
      'dynamodb:PutItem': publishes,
      'execute-api:POST': publishes * n,
    });
    expect(ratioOf(counts, publishes)).toBeLessThanOrEqual(most);
  },
);

test.each([
  [10, false, 1_200, false],
  [100, false, 200, false],
  [100, true, 200, false],
  [10, false, 200, true],
])(
  'the forecast counts a publish to %i (ephemeral: %s, %i bytes, with the SDK: %s) as the gateway does',
  async (n, ephemeral, bytes, sdk) => {
    const counts = await counted({ subscribers: n, publishes: 1, ephemeral, bytes, sdk });
    const forecast = publishCounts({ fanOut: n, size: bytes, ephemeral, memoryMb: 512, localEcho: sdk });
    for (const name of [
      'messagesIn',
      'unitsIn',
      'messagesOut',
      'unitsOut',
      'readUnits',
      'writeUnits',
    ] as const) {
      expect([name, forecast[name]]).toEqual([name, counts[name]]);
    }
    const [run] = Object.values(counts.functions).filter(({ requests }) => requests > 0);
    expect(forecast.functions.default).toEqual(run);
    expect(forecast.bytesOut / counts.bytesOut).toBeGreaterThan(0.9);
    expect(forecast.bytesOut / counts.bytesOut).toBeLessThan(1.1);
  },
);
