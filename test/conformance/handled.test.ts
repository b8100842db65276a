/** Conformance: where the inbox is replayed from, and what its clients report as handled (docs/protocol.md, Inbox). */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { type Frame, isMessage, type TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;
let writer: TestClient;

beforeEach(async () => {
  tenant = fresh('tenant');
  writer = await bus.connect({ tenant, agent: 'w' }, { level: 1 });
});

const connect = (): Promise<TestClient> => bus.connect({ tenant, agent: 'r' }, { level: 1 });
const write = (id: string): Promise<Frame> => writer.request({ id, to: 'r', content: 0 });
const positionOf = ({ epoch, sequence }: Frame) => ({ epoch, sequence });

/** The entry of the inbox in the WELCOME. */
async function hello(client: TestClient, inbox: Frame = {}): Promise<Frame> {
  const resume = [{ channel_id: '$inbox', ...inbox }];
  const { channels } = await client.request({ type: 'hello', resume });
  return (channels as Frame[]).find(({ channel_id }) => channel_id === '$inbox')!;
}

const report = (client: TestClient, handled: Frame): Promise<Frame> =>
  client.request({ type: 'ping', channels: [{ channel_id: '$inbox', handled }] });

/** Says hello and gives what was replayed, up to the end of the replay. */
async function replayed(client: TestClient, inbox: Frame): Promise<{ from: unknown; ids: unknown[] }> {
  const { from, sequence } = await hello(client, inbox);
  if (from !== sequence) await client.next({ type: 'REPLAYED', channel_id: '$inbox' });
  const marker = `marker-${fresh('m')}`;
  await write(marker);
  await client.nextMessage({ id: marker });
  const ids = client.received.filter(isMessage).map(({ id }) => id);
  return { from, ids: ids.filter((id) => id !== marker) };
}

/** A client that has said hello with `handled`, has everything and goes without having handled it. */
async function crash(client: TestClient): Promise<void> {
  await client.terminate();
  await eventually(
    () => writer.request({ to: 'r', content: 'probe', expects_reply: true, ephemeral: true }),
    (reply) => reply.code === 'no_responders',
  );
}

test('INB-5 WELCOME names the sequence before the replay of what nobody took', async () => {
  for (const id of ['m1', 'm2', 'm3']) await write(id);
  const client = await connect();
  expect(await hello(client)).toMatchObject({ sequence: 3, from: 0 });
  await client.next({ type: 'REPLAYED', complete: true });
  expect(await hello(client)).toMatchObject({ sequence: 3, from: 3 });
});

test('INB-5 a position is replayed from, whatever is kept and whatever nobody took', async () => {
  const acks = [await write('m1'), await write('m2'), await write('m3')];
  const first = await connect();
  const answer = await replayed(first, { ...positionOf(acks[1]!), handled: {} });
  expect(answer).toEqual({ from: 2, ids: ['m3'] });
});

test('INB-5 a position that can’t be continued from counts as none', async () => {
  await write('m1');
  const client = await connect();
  const state = await hello(client, { epoch: 'other', sequence: 9, handled: {} });
  expect(state).toMatchObject({ recovered: false, reason: 'epoch_changed', sequence: 1, from: 0 });
  await client.nextMessage({ id: 'm1' });
});

test('INB-6 what a process did not handle comes again to the next one', async () => {
  await write('m1');
  const first = await connect();
  expect(await replayed(first, { handled: {} })).toEqual({ from: 0, ids: ['m1'] });
  await write('m2');
  await first.nextMessage({ id: 'm2' });
  await crash(first);

  const { from, ids } = await replayed(await connect(), { handled: {} });
  expect(from).toBe(0);
  expect(ids).toEqual(expect.arrayContaining(['m1', 'm2']));
});

test('INB-6 begins at the head for an agent that has missed nothing', async () => {
  const old = await connect();
  await write('m1');
  await old.nextMessage({ id: 'm1' });
  expect(await hello(await connect(), { handled: {} })).toMatchObject({ sequence: 1, from: 1 });
  await write('m2');
  expect(await hello(await connect(), { handled: {} })).toMatchObject({ sequence: 2, from: 1 });
});

test.each([
  ['ping', report],
  ['hello', (client: TestClient, handled: Frame) => hello(client, { handled })],
])('INB-6 is raised by a %s, and by no lower one', async (_, say) => {
  const first = await connect();
  await hello(first, { handled: {} });
  const acks = [await write('m1'), await write('m2'), await write('m3')];
  await say(first, positionOf(acks[1]!));
  await say(first, positionOf(acks[0]!));
  expect(await replayed(await connect(), { handled: {} })).toEqual({ from: 2, ids: ['m3'] });
});

test('INB-6 is never above the head, and a position of another epoch does not count', async () => {
  const first = await connect();
  await hello(first, { handled: {} });
  const ack = await write('m1');
  await report(first, { epoch: 'other', sequence: 1 });
  expect(await hello(await connect(), { handled: {} })).toMatchObject({ from: 0 });
  await report(first, { ...positionOf(ack), sequence: 99 });
  await write('m2');
  expect(await replayed(await connect(), { handled: {} })).toEqual({ from: 1, ids: ['m2'] });
});

test('INB-6 of an inbox that was empty means from its first message', async () => {
  const first = await connect();
  const { epoch } = await hello(first, { handled: {} });
  expect(epoch).toMatch(/^empty-/);
  for (const id of ['m1', 'm2']) await write(id);
  expect(await replayed(await connect(), { handled: {} })).toEqual({ from: 0, ids: ['m1', 'm2'] });
});

test('INB-6 the inbox mark counts where it is older', async () => {
  const first = await connect();
  await hello(first, { handled: {} });
  const ack = await write('m1');
  await first.nextMessage({ id: 'm1' });
  await report(first, positionOf(ack));
  await crash(first);
  await write('m2');
  // A connection of the same agent that does not report reports nothing away either.
  expect(await hello(await connect())).toMatchObject({ from: 1 });
});

test('INB-6 anything but a position or an empty object is refused', async () => {
  const client = await connect();
  for (const handled of [7, 'x', [], { sequence: 1 }, { epoch: 'e', sequence: -1 }]) {
    const answers = await Promise.all([
      client.request({ type: 'hello', resume: [{ channel_id: '$inbox', handled }] }),
      report(client, handled as Frame),
    ]);
    expect(answers).toMatchObject([{ code: 'invalid_message' }, { code: 'invalid_message' }]);
  }
});

test('INB-7 clients that do not report get what nobody took, and nothing else', async () => {
  await write('m1');
  const first = await connect();
  await hello(first);
  await first.next({ type: 'REPLAYED' });
  await write('m2');
  await first.nextMessage({ id: 'm2' });
  await crash(first);
  expect(await hello(await connect())).toMatchObject({ sequence: 2, from: 2 });
});

test('INB-7 `handled` of other channels means nothing', async () => {
  const client = await connect();
  const resume = [{ channel_id: 'news', handled: 7 }];
  expect(await client.request({ type: 'hello', resume })).toMatchObject({ type: 'WELCOME' });
});
