/** Conformance: pages of history, and the log behind them (docs/protocol.md, Level 1). */
import { fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;
let client: TestClient;

beforeEach(async () => {
  tenant = fresh('tenant');
  client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
});

const positionOf = ({ epoch, sequence }: Frame) => ({ epoch, sequence });
const idsOf = (frame: Frame): unknown[] => (frame.messages as Frame[]).map(({ id }) => id);
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `m${n + from}`);

async function publish(count: number, channel_id = 'news'): Promise<Frame[]> {
  const ids = numbered(1, count);
  client.send(ids.map((id) => ({ id, channel_id, content: `content of ${id}`, metadata: { id } })));
  return Promise.all(ids.map((id) => client.reply(id)));
}

const history = (more: object): Promise<Frame> =>
  client.request({ type: 'history', channel_id: 'news', ...more });

/** All parts of one answer. */
async function parts(more: object): Promise<Frame[]> {
  client.send({ type: 'history', id: 'all', channel_id: 'news', ...more });
  const found: Frame[] = [];
  for (;;) {
    const part = await client.reply('all');
    found.push(part);
    if (part.last === true) return found;
  }
}

test('HIS-1 gives the newest without a position, oldest of them first', async () => {
  const acks = await publish(12);
  const page = await history({ limit: 5 });
  expect(page).toMatchObject({ type: 'HISTORY', channel_id: 'news', sequence: 12, part: 1, last: true });
  expect(idsOf(page)).toEqual(numbered(8, 12));
  expect((page.messages as Frame[])[4]).toMatchObject({
    ...positionOf(acks[11]!),
    type: 'message',
    content: 'content of m12',
    metadata: { id: 'm12' },
    tenant_id: tenant,
    agent_id: 'a',
    channel_id: 'news',
    replayed: true,
  });
});

test('HIS-1 goes forwards with after, to the head and no further', async () => {
  const [first] = await publish(12);
  const seen: unknown[] = [];
  let after: unknown = positionOf(first!);
  while (after !== undefined) {
    const page = await history({ after, limit: 4 });
    seen.push(idsOf(page));
    after = page.next;
  }
  expect(seen).toEqual([numbered(2, 5), numbered(6, 9), numbered(10, 12)]);
});

test('HIS-1 goes backwards with before, to the beginning', async () => {
  const acks = await publish(10);
  const seen: unknown[] = [];
  let before: unknown = positionOf(acks[9]!);
  while (before !== undefined) {
    const page = await history({ before, limit: 4 });
    seen.push(idsOf(page));
    before = page.next;
  }
  expect(seen.flat()).toHaveLength(9);
  expect(seen.slice(0, 3)).toEqual([numbered(6, 9), numbered(2, 5), numbered(1, 1)]);
});

test('HIS-1 an empty log has an empty page', async () => {
  const page = await history({});
  expect(page).toMatchObject({ type: 'HISTORY', sequence: 0, messages: [], part: 1, last: true });
  expect(page.next).toBeUndefined();
});

test('HIS-2 asks for the grant', async () => {
  const other = await bus.connect({ tenant, agent: 'b', channels: ['mine'] }, { level: 1 });
  expect(await other.request({ type: 'history', channel_id: 'news' })).toMatchObject({ code: 'forbidden' });
  expect(await other.request({ type: 'history', channel_id: 'mine' })).toMatchObject({ type: 'HISTORY' });
});

test('HIS-2 says when a position can not be continued from', async () => {
  const [first] = await publish(2);
  const at = positionOf(first!);
  for (const position of [
    { ...at, epoch: 'other' },
    { ...at, sequence: 99 },
  ]) {
    expect(await history({ after: position })).toMatchObject({ type: 'ERROR', code: 'not_recoverable' });
  }
  expect(await history({ before: { ...at, epoch: 'other' } })).toMatchObject({ code: 'not_recoverable' });
});

test('HIS-3 comes in parts that are billed as one message each', async () => {
  const content = 'ä'.repeat(5_000);
  for (let n = 1; n <= 8; n++) await client.request({ id: `m${n}`, channel_id: 'news', content });
  const found = await parts({});
  expect(found.length).toBeGreaterThan(2);
  expect(found.map(({ part }) => part)).toEqual(found.map((_, index) => index + 1));
  expect(found.flatMap(idsOf)).toEqual(numbered(1, 8));
  for (const text of client.texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32_768);
});

test('HIS-3 a message that is larger alone comes whole', async () => {
  const content = 'x'.repeat(100_000);
  client.sendInPieces(JSON.stringify({ id: 'large', channel_id: 'news', content }), 32_000);
  await client.reply('large');
  const found = await parts({});
  expect(found.flatMap((part) => part.messages as Frame[])).toMatchObject([{ id: 'large', content }]);
});

test('HIS-5 in a batch sees the messages of the frames before it, and none after it', async () => {
  const at = (n: number) => ({ id: `m${n}`, channel_id: 'news', content: n });
  const ask = (id: string, more: object = {}) => ({ type: 'history', id, channel_id: 'news', ...more });
  client.send([at(1), ask('h1'), at(2), at(3), ask('h3', { limit: 2 }), at(4), { type: 'ping', id: 'p' }]);
  await client.reply('p');
  const answers = client.received.map(({ type, message_id, sequence, messages }) => [
    message_id,
    type,
    sequence,
    (messages as Frame[] | undefined)?.map(({ id }) => id),
  ]);
  expect(answers).toEqual([
    ['m1', 'ACK', 1, undefined],
    ['h1', 'HISTORY', 1, ['m1']],
    ['m2', 'ACK', 2, undefined],
    ['m3', 'ACK', 3, undefined],
    ['h3', 'HISTORY', 3, ['m2', 'm3']],
    ['m4', 'ACK', 4, undefined],
    ['p', 'PONG', undefined, undefined],
  ]);
});

test('HIS-1 nothing is below the position of an empty log', async () => {
  const before = positionOf(await history({}));
  expect(before).toEqual({ epoch: expect.stringMatching(/^empty-/) as unknown, sequence: 0 });
  await publish(2);
  const page = await history({ before });
  expect(page).toMatchObject({ type: 'HISTORY', sequence: 2, messages: [] });
  expect(page.next).toBeUndefined();
  expect(idsOf(await history({ after: before }))).toEqual(['m1', 'm2']);
});

needs('clock')('HIS-4 gives no expired message', async () => {
  await publish(3);
  await bus.inside.gateway.clock.advance(13 * 3_600_000);
  client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  await client.request({ id: 'late', channel_id: 'news', content: 1 });
  await bus.inside.gateway.clock.advance(12 * 3_600_000);
  client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  const page = await history({});
  expect(idsOf(page)).toEqual(['late']);
  expect(page.gaps).toBeUndefined();
});

needs('tables')('HIS-4 a damaged message is a gap, never data', async () => {
  const [first] = await publish(3);
  await bus.inside.tables.damage(tenant, 'news', 2);
  const page = await history({ after: { ...positionOf(first!), sequence: 1 } });
  expect(idsOf(page)).toEqual(['m3']);
  expect(page.gaps).toEqual([{ from: 2, to: 2, code: 'not_recoverable', reason: 'damaged' }]);

  await client.request({ type: 'subscribe', channel_id: 'news', since: positionOf(first!) });
  expect(await client.next({ type: 'REPLAYED' })).toMatchObject({
    complete: true,
    sequence: 3,
    gaps: [{ from: 2, to: 2, code: 'not_recoverable', reason: 'damaged' }],
  });
});

needs('clock')('LOG-2 a quiet channel keeps its position while somebody looks at it', async () => {
  const [, last] = await publish(2);
  for (let hours = 0; hours < 40; hours += 10) {
    await bus.inside.gateway.clock.advance(10 * 3_600_000);
    client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
    expect(
      await client.request({ type: 'subscribe', channel_id: 'news', since: positionOf(last!) }),
    ).toMatchObject({ recovered: true, ...positionOf(last!) });
  }
  const next = await client.request({ id: 'next', channel_id: 'news', content: 1 });
  expect(next).toMatchObject({ epoch: last!.epoch, sequence: 3 });
  // Forty hours with a sweep every five minutes.
});
