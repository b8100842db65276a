/** Events out on the laptop gateway: what the bundles send is at `/_gateway/events`. */
import { countsBetween } from '../../gateway/index';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';

interface BusEvent {
  readonly bus: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const bus = useBus({ settings: { events: { channels: ['orders'] } }, faultPlan: {} });
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

async function events(): Promise<readonly BusEvent[]> {
  const response = await fetch(new URL('/_gateway/events', bus.inside.gateway.urls.ready));
  const { events: all } = (await response.json()) as { readonly events: readonly BusEvent[] };
  return all.filter(({ detail }) => detail.tenant_id === tenant);
}

const typesOf = (some: readonly BusEvent[]) => some.map((event) => event['detail-type']);

test('agents that come and go, mail for one that sleeps, messages of listed channels', async () => {
  const alice = await bus.connect({ tenant, agent: 'alice' });
  await alice.request({ id: 'm1', to: 'bob', content: 1 });
  await alice.request({ id: 'm2', to: 'bob', content: 2 });
  await alice.request({ id: 'm3', channel_id: 'orders', content: { order: 17 } });
  await alice.request({ id: 'm4', channel_id: 'news', content: 1 });
  await alice.close();
  const all = await eventually(events, (some) => typesOf(some).includes('agent.disconnected'));
  expect(typesOf(all).sort()).toEqual([
    'agent.connected',
    'agent.disconnected',
    'message.published',
    'message.stored',
  ]);
  expect(all.find((event) => event['detail-type'] === 'message.stored')).toMatchObject({
    bus: 'default',
    source: 'artcafe-pubsub.artcafe',
    detail: { tenant_id: tenant, agent_id: 'bob', sequence: 1 },
  });
  expect(all.find((event) => event['detail-type'] === 'message.published')?.detail).toMatchObject({
    id: 'm3',
    agent_id: 'alice',
    channel_id: 'orders',
    sequence: 1,
    content: { order: 17 },
  });
});

test('a revocation', async () => {
  await bus.order({ action: 'revoke', tenant_id: tenant, agent_id: 'alice', jti: 'j1' });
  const [event] = await events();
  expect(event).toMatchObject({
    'detail-type': 'token.revoked',
    detail: { agent_id: 'alice', jti: 'j1', action: 'revoke' },
  });
});

test('an event that nobody took is sent by the sweep', async () => {
  const alice = await bus.connect({ tenant, agent: 'alice' });
  await alice.request({ id: 'm1', to: 'bob', content: 1 });
  await eventually(events, (some) => typesOf(some).includes('message.stored'));
  // Bob comes without hello, so that his mail stays, and leaves.
  const bob = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  await bob.close();
  await eventually(events, (some) => typesOf(some).includes('agent.disconnected'));
  await bus.inside.gateway.clock.advance(301_000);
  await eventually(events, (some) => typesOf(some).filter((type) => type === 'message.stored').length === 2);
});

test.each([
  ['throttle', ['m1', 'm2']],
  ['error', ['m1', 'm2']],
  ['reset', ['m1', 'm2']],
  ['hang', ['m2']],
  ['kill', ['m2']],
] as const)(
  'a message.published that meets the fault %s costs no ACK; %j come, as what may pass is sent once more',
  async (fault, ids) => {
    const alice = await bus.connect({ tenant, agent: 'alice' });
    // The fault is for the message.
    await eventually(events, (some) => typesOf(some).includes('agent.connected'));
    bus.inside.gateway.faultPlan?.replace({ rules: [{ service: 'eventbridge', fault, nth: 1 }] });
    const ack = await alice.request({ id: 'm1', channel_id: 'orders', content: 1 });
    expect(ack).toMatchObject({ type: 'ACK', message_id: 'm1' });
    await alice.request({ id: 'm2', channel_id: 'orders', content: 2 });
    const published = (some: readonly BusEvent[]) =>
      some.filter((event) => event['detail-type'] === 'message.published').map(({ detail }) => detail.id);
    const taken = await eventually(events, (some) => published(some).length >= ids.length);
    expect(published(taken).sort()).toEqual(ids);
    expect(bus.inside.gateway.faultPlan?.report().counts).toMatchObject([{ fired: 1 }]);
  },
);

test('mail whose event EventBridge refused, or whose function ended there, is announced by the sweep', async () => {
  const alice = await bus.connect({ tenant, agent: 'alice' });
  // Both attempts are throttled; a function ends at the first one.
  const faults = [
    ['bob', 'throttle', 2],
    ['carol', 'kill', 1],
  ] as const;
  for (const [to, fault, times] of faults) {
    bus.inside.gateway.faultPlan?.replace({ rules: [{ service: 'eventbridge', fault }] });
    await alice.request({ id: `m-${to}`, to, content: 1 });
    await eventually(
      () => bus.inside.gateway.faultPlan?.report().counts[0]?.fired,
      (fired) => fired === times,
    );
  }
  bus.inside.gateway.faultPlan?.replace({});
  const stored = (some: readonly BusEvent[]) =>
    some.filter((event) => event['detail-type'] === 'message.stored').map(({ detail }) => detail.agent_id);
  expect(stored(await events())).toEqual([]);
  await bus.inside.gateway.clock.advance(301_000);
  const all = await eventually(events, (some) => stored(some).length === 2);
  expect(stored(all).sort()).toEqual(['bob', 'carol']);
});

test.each([
  [200, 1],
  [70_000, 2],
])('the meter counts an event of %i bytes as %i, and one call', async (size, units) => {
  const { gateway } = bus.inside;
  const alice = await bus.connect({ tenant, agent: 'alice' });
  await eventually(events, (some) => typesOf(some).includes('agent.connected'));
  // The ends of the last test's connections send events, too.
  await bus.atRest();
  const before = gateway.costs().counts;
  const pieces = JSON.stringify({ id: 'm1', channel_id: 'orders', content: 'x'.repeat(size) });
  alice.sendInPieces(pieces, 32_000);
  await eventually(events, (some) => typesOf(some).includes('message.published'));
  const counts = countsBetween(before, gateway.costs().counts);
  expect(counts.busEvents).toBe(units);
  expect(counts.calls['events:PutEvents']).toBe(1);
});

test('an event that EventBridge refuses is not billed', async () => {
  const { gateway } = bus.inside;
  const alice = await bus.connect({ tenant, agent: 'alice' });
  await eventually(events, (some) => typesOf(some).includes('agent.connected'));
  await bus.atRest();
  gateway.faultPlan?.replace({ rules: [{ service: 'eventbridge', fault: 'throttle' }] });
  const before = gateway.costs().counts.busEvents;
  await alice.request({ id: 'm1', channel_id: 'orders', content: 1 });
  await eventually(
    () => gateway.faultPlan?.report().counts[0]?.fired,
    (fired) => fired === 2,
  );
  expect(gateway.costs().counts.busEvents).toBe(before);
});
