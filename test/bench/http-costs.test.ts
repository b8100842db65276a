/**
 * What an HTTPS publish costs on the API's own base URL, counted at the gateway: calls to AWS and the ratio to its floor, one request
 * and one message to each receiver.
 */
import { billFor, type Counts, countsBetween } from '../../gateway';
import { Bus, fresh } from '../helpers/bus';
import type { TestClient } from '../helpers/ws-client';
import { type Call, callsOf } from '../http/http-client';

let bus: Bus;

beforeAll(async () => {
  // What a sample of the rates costs is counted in rate-limiter.property.test.ts.
  bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
});

// Nobody hangs up before the end: the work after a disconnect would be counted into the next test.
afterAll(() => bus.stop());

interface Scene {
  readonly call: Call;
  readonly receivers: readonly TestClient[];
}

/** The first publish has listed the channel, and the token is known not to be revoked. */
async function scene(receiverCount: number): Promise<Scene> {
  const tenant = fresh('tenant');
  const call = await callsOf(bus, { tenant, agent: 'publisher' });
  const receivers: TestClient[] = [];
  for (let n = 0; n < receiverCount; n++)
    receivers.push(await bus.connect({ tenant, agent: `agent-${n}` }, { channel: 'news' }));
  await publish({ call, receivers }, ['warm']);
  return { call, receivers };
}

async function publish({ call, receivers }: Scene, ids: readonly string[]): Promise<void> {
  const messages = ids.map((id) => ({ id, content: 'x'.repeat(200) }));
  const body = messages.length === 1 ? messages[0] : messages;
  expect((await call('POST', '/channels/news/messages', { body })).status).toBe(200);
  for (const receiver of receivers) for (const id of ids) await receiver.next({ id });
}

async function counted(scene: Scene, ids: readonly string[]): Promise<Counts> {
  const { gateway } = bus.inside;
  const before = gateway.costs().counts;
  await publish(scene, ids);
  return countsBetween(before, gateway.costs().counts);
}

/** `singly`: the floor of the same messages in a request each. */
function ratioOf(counts: Counts, singly = 1): number {
  const seen = { ...counts, connectionMinutes: 0 };
  return billFor(seen).dollars / billFor({ ...seen, httpRequests: singly }).floorDollars;
}

test.each([
  [1, 1.75, 1.648],
  [10, 1.15, 1.119],
  [100, 1.02, 1.017],
])(
  'a durable publish to %i costs at most %f times the floor, with three calls of which one writes',
  async (n, most, documented) => {
    const counts = await counted(await scene(n), ['m']);
    expect(counts).toMatchObject({ httpRequests: 1, messagesIn: 0, messagesOut: n, writeUnits: 1 });
    expect(counts.calls).toEqual({ 'dynamodb:Query': 2, 'dynamodb:PutItem': 1, 'execute-api:POST': n });
    expect(ratioOf(counts)).toBeLessThanOrEqual(most);
    // docs/costs.md
    expect(ratioOf(counts)).toBeCloseTo(documented, 3);
  },
);

test('25 messages in one request cost at most 1.2 times the floor of 25 requests, with one write for each', async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `m${index}`);
  const counts = await counted(await scene(1), ids);
  expect(counts).toMatchObject({ httpRequests: 1, messagesOut: 25, writeUnits: 25 });
  expect(counts.calls['dynamodb:PutItem']).toBe(25);
  expect(ratioOf(counts, 25)).toBeLessThanOrEqual(1.2);
  // docs/costs.md
  expect(ratioOf(counts, 25)).toBeCloseTo(0.9, 2);
  expect(ratioOf(counts)).toBeCloseTo(1.725, 2);
});

test('HTTP-4 a hundred receivers are posted to before the answer, the rest by a worker', async () => {
  const counts = await counted(await scene(105), ['m']);
  const postsOf = (name: string) =>
    Object.entries(counts.functions)
      .filter(([functionName, { posts }]) => functionName.includes(name) && posts > 0)
      .map(([, { requests, posts }]) => ({ requests, posts }));
  expect(postsOf('HttpFunction')).toEqual([{ requests: 1, posts: 100 }]);
  expect(postsOf('FanOutFunction')).toEqual([{ requests: 1, posts: 5 }]);
});
