/** Conformance: what an agent gets that was away, at level 0 (docs/protocol.md, Inbox). */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { type Frame, type TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;
let sender: TestClient;

beforeEach(async () => {
  tenant = fresh('tenant');
  sender = await bus.connect({ tenant, agent: 'a' });
});

const b = () => ({ tenant, agent: 'b' });
const write = (id: string, more: Frame = {}): Promise<Frame> =>
  sender.request({ id, to: 'b', content: id, ...more });

/** The agent has no connection left, as far as senders can see. A probe that is not stored, so nothing is missed. */
const becomesOffline = (): Promise<Frame> =>
  eventually(
    () => sender.request({ to: 'b', content: 'probe', expects_reply: true, ephemeral: true }),
    (reply) => reply.code === 'no_responders',
  );

const take = async (client: TestClient, ids: readonly string[]): Promise<Frame[]> => {
  const frames: Frame[] = [];
  for (const id of ids) frames.push(await client.nextMessage({ id }));
  return frames;
};

const targets = [
  ['without a channel', {}],
  ['with a channel', { channel: 'news' }],
  ['at the edge, with the channel in the path', { channel: 'news', pathForm: true }],
] as const;

test.each(targets)(
  'INB-1 what was stored is pushed to a connection %s, whole and in order',
  async (_, asking) => {
    const acks = [
      await write('m1', { metadata: { x: 1 }, priority: 7 }),
      await write('m2', { type: 'task', content: { deep: [1, null, 'größe'] }, in_reply_to: 'q' }),
      await write('m3'),
    ];
    expect(acks.map(({ status }) => status)).toEqual(['stored', 'stored', 'stored']);

    const client = await bus.connect(b(), asking);
    const frames = await take(client, ['m1', 'm2', 'm3']);

    const common = { tenant_id: tenant, agent_id: 'a', metadata: {} };
    expect(frames).toEqual([
      {
        ...common,
        id: 'm1',
        type: 'message',
        content: 'm1',
        metadata: { x: 1 },
        priority: 7,
        timestamp: acks[0]!.timestamp,
      },
      {
        ...common,
        id: 'm2',
        type: 'task',
        content: { deep: [1, null, 'größe'] },
        in_reply_to: 'q',
        timestamp: acks[1]!.timestamp,
      },
      { ...common, id: 'm3', type: 'message', content: 'm3', timestamp: acks[2]!.timestamp },
    ]);
    expect(client.messageIds).toEqual(['m1', 'm2', 'm3']);
  },
);

test('INB-1 a message of a client of the original protocol is pushed to another one', async () => {
  expect(
    await sender.request({ id: 'm1', type: 'message', content: 'hi', metadata: { to: 'b' } }),
  ).toMatchObject({
    status: 'stored',
  });
  const client = await bus.connect(b());
  expect(await client.nextMessage()).toMatchObject({ id: 'm1', content: 'hi', metadata: { to: 'b' } });
});

test('INB-1 nobody else gets it, nor the same agent of another tenant', async () => {
  await write('m1');
  const namesake = await bus.connect({ tenant: fresh('tenant'), agent: 'b' });
  const neighbour = await bus.connect({ tenant, agent: 'b/' });
  const client = await bus.connect(b());
  await take(client, ['m1']);

  for (const other of [namesake, neighbour]) {
    await other.request({ id: 'marker', to: other === namesake ? 'b' : 'b/', content: 1 });
    await other.nextMessage({ id: 'marker' });
    expect(other.messageIds).toEqual(['marker']);
  }
});

const withFaults = needs('faults');

withFaults('INB-1 an accepted message that no connection took is pushed to the next one', async () => {
  const { faults } = bus.inside.gateway;
  faults.disconnect.lose = 1;
  try {
    const lost = await bus.connect(b());
    await lost.terminate();
    // Accepted: the connection is registered. It is young, so it is not given up at once.
    expect(await write('m1')).toMatchObject({ status: 'accepted' });
    await eventually(
      () => bus.inside.tables.inboxFrom(tenant, 'b'),
      (from) => from === 1,
    );
    const next = await bus.connect(b());
    await take(next, ['m1']);
    expect(next.messageIds).toEqual(['m1']);
  } finally {
    faults.disconnect.lose = 0;
  }
});

test('INB-2 a push that is cut off comes again, all of it', async () => {
  const ids = Array.from({ length: 60 }, (_, n) => `m${String(n)}`);
  for (const id of ids) await write(id, { content: 'x'.repeat(20_000) });
  const cut = await bus.connect(b());
  await cut.nextMessage({ id: 'm0' });
  await cut.terminate();
  await becomesOffline();

  const again = await bus.connect(b());
  await take(again, ids);
  expect(again.messageIds).toEqual(ids);
});

test('INB-2 what came live after the first missed message comes again', async () => {
  await write('m1');
  // At level 1 nothing is pushed before the hello.
  const live = await bus.connect(b(), { level: 1 });
  await write('m2');
  await take(live, ['m2']);
  await live.close();
  await becomesOffline();

  const next = await bus.connect(b());
  await take(next, ['m1', 'm2']);
  expect(next.messageIds).toEqual(['m1', 'm2']);
});

test('INB-3 nothing is pushed to an agent that got everything live', async () => {
  const first = await bus.connect(b());
  await write('m1');
  await take(first, ['m1']);
  await first.close();
  await becomesOffline();

  const second = await bus.connect(b());
  await write('marker');
  await take(second, ['marker']);
  expect(second.messageIds).toEqual(['marker']);
});

needs('tables')('INB-3 what was pushed is not pushed again', async () => {
  await write('m1');
  const first = await bus.connect(b());
  await take(first, ['m1']);
  await eventually(
    () => bus.inside.tables.inboxFrom(tenant, 'b'),
    (from) => from === undefined,
  );
  await first.close();
  await becomesOffline();

  const second = await bus.connect(b());
  await write('marker');
  await take(second, ['marker']);
  expect(second.messageIds).toEqual(['marker']);
});

test('INB-3 an ephemeral message to an agent that is away is not pushed', async () => {
  await write('m1', { ephemeral: true });
  const client = await bus.connect(b());
  await write('marker');
  await take(client, ['marker']);
  expect(client.messageIds).toEqual(['marker']);
});
