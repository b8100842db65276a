/** What a publish costs, counted at the gateway: calls to AWS, billed units, and the ratio to the floor. */
import { billFor, type Counts, countsBetween } from '../../gateway';
import { publishCounts } from '../../bin/forecast';
import { Bus, fresh } from '../helpers/bus';
import type { TestClient } from '../helpers/ws-client';

let bus: Bus;

beforeAll(async () => {
  // What a sample of the rates costs is counted in rate-limiter.test.ts.
  bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
}, 120_000);

// Nobody hangs up before the end: the work after a disconnect would be counted into the next test.
afterAll(() => bus.stop());

interface Publishes {
  readonly subscribers: number;
  readonly publishes: number;
  readonly ephemeral?: boolean;
  readonly bytes?: number;
}

/** A publish that takes longer may have been sent again by now, for which the service looks: another read. */
const slowMs = 100;
const maxRounds = 20;

/**
 * Publishes one after another, each when the one before has reached everybody; what that was on AWS. Once more when the
 * machine was too busy for one of them.
 */
async function counted({
  subscribers,
  publishes,
  ephemeral = false,
  bytes = 200,
}: Publishes): Promise<Counts> {
  const tenant = fresh('tenant');
  const all: TestClient[] = [];
  for (let n = 0; n < subscribers; n++) {
    all.push(await bus.connect({ tenant, agent: `agent-${n}` }, { channel: 'news' }));
  }
  const { gateway } = bus.inside;
  let slowest = 0;
  const publish = async (id: string): Promise<void> => {
    const sentAt = performance.now();
    await all[0]!.request({ id, content: 'x'.repeat(bytes), ephemeral });
    slowest = Math.max(slowest, performance.now() - sentAt);
    await Promise.all(all.map((client) => client.next({ id })));
  };
  for (let round = 0; ; round++) {
    await publish(`warm${round}`);
    slowest = 0;
    const before = gateway.costs().counts;
    for (let n = 0; n < publishes; n++) await publish(`m${round}.${n}`);
    const counts = countsBetween(before, gateway.costs().counts);
    if (slowest < slowMs || round === maxRounds) return counts;
  }
}

function ratioOf(counts: Counts): number {
  return billFor({ ...counts, connectionMinutes: 0 }).ratioToFloor!;
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
  60_000,
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
  60_000,
);

test.each([
  [10, false, 1_200],
  [100, false, 200],
  [100, true, 200],
])(
  'the forecast counts a publish to %i (ephemeral: %s, %i bytes) as the gateway does',
  async (n, ephemeral, bytes) => {
    const counts = await counted({ subscribers: n, publishes: 1, ephemeral, bytes });
    const forecast = publishCounts({ fanOut: n, size: bytes, ephemeral, memoryMb: 512 });
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
    expect(forecast.bytesOut / counts.bytesOut).toBeGreaterThan(0.9);
    expect(forecast.bytesOut / counts.bytesOut).toBeLessThan(1.1);
  },
  60_000,
);
