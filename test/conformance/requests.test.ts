/** Conformance: requests that expire (docs/protocol.md, Requests). */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const connect = (agent: string, level: 0 | 1 = 1): Promise<TestClient> =>
  bus.connect({ tenant, agent }, { level });
const request = { to: 'b', content: '?', expects_reply: true };
const inbox = { channel_id: '$inbox' };

describe.each([0, 1] as const)('REQ-1 at level %i', (level) => {
  test('REQ-1 a request with timeout_ms carries the time at which it expires', async () => {
    const [asker, answerer] = [await connect('a', level), await connect('b', level)];
    const ack = await asker.request({
      id: 'm1',
      ...request,
      timeout_ms: 60_000,
      expires_at: 'mine',
      note: 1,
    });
    const message = await answerer.nextMessage({ id: 'm1' });

    expect(ack).toMatchObject({ type: 'ACK', status: 'accepted' });
    expect(message).toMatchObject({ expects_reply: true, timeout_ms: 60_000, note: 1 });
    expect(message.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    // It reached the server shortly before it was accepted.
    const waitMs = Date.parse(String(message.expires_at)) - Date.parse(String(ack.timestamp));
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(waitMs).toBeGreaterThan(50_000);
  });
});

test.each([1, 2_073_600_000])('REQ-1 timeout_ms may be %i', async (timeout_ms) => {
  const [asker] = [await connect('a'), await connect('b')];
  // One that is over at once may be too late already.
  const answer = await asker.request({ id: 'm1', ...request, timeout_ms });
  expect(['ACK', 'request_expired']).toContain(answer.code ?? answer.type);
});

test.each([0, -1, 1.5, 2_073_600_001, 1e300, '5000', true, [], {}])(
  'REQ-1 timeout_ms: %j is invalid_message',
  async (timeout_ms) => {
    const [asker] = [await connect('a'), await connect('b')];
    expect(await asker.request({ id: 'm1', ...request, timeout_ms })).toMatchObject({
      type: 'ERROR',
      code: 'invalid_message',
      message_id: 'm1',
    });
  },
);

test('REQ-1 a request without timeout_ms does not expire, whatever its sender calls expires_at', async () => {
  const [asker, answerer] = [await connect('a'), await connect('b')];
  await asker.request({ id: 'm1', ...request, timeout_ms: null, expires_at: '2020-01-01T00:00:00.000Z' });
  expect(await answerer.nextMessage({ id: 'm1' })).not.toHaveProperty('expires_at');
});

test.each<[string, Frame]>([
  ['a direct message', { to: 'b' }],
  ['a direct message that expects no reply', { to: 'b', expects_reply: false }],
  ['a message to a channel', { channel_id: 'news', expects_reply: true }],
  ['a message whose metadata name the agent', { metadata: { to: 'b' }, expects_reply: true }],
])('REQ-2 in %s both fields are the user’s own', async (_, fields) => {
  const [sender, receiver] = [await connect('a'), await connect('b')];
  await receiver.request({ type: 'subscribe', id: 's', channel_id: 'news' });
  const own = { timeout_ms: 'soon', expires_at: [1] };
  expect(await sender.request({ id: 'm1', content: 1, ...fields, ...own })).toMatchObject({ type: 'ACK' });
  expect(await receiver.nextMessage({ id: 'm1' })).toMatchObject(own);
});

/** Three requests, all of them stored and delivered, of which the second one has expired. Gives their epoch. */
async function askThree(): Promise<unknown> {
  const [asker, answerer] = [await connect('a'), await connect('b', 0)];
  const requests = [
    { id: 'm1', ...request, timeout_ms: 60_000 },
    { id: 'm2', ...request, timeout_ms: 1_500 },
    { id: 'm3', ...request },
  ];
  const acks = [];
  for (const frame of requests) acks.push(await asker.request(frame));
  const [, { expires_at }] = [
    await answerer.nextMessage({ id: 'm1' }),
    await answerer.nextMessage({ id: 'm2' }),
  ];
  await answerer.nextMessage({ id: 'm3' });
  await answerer.close();
  const leftMs = Date.parse(String(expires_at)) - bus.now();
  await new Promise((resolve) => setTimeout(resolve, leftMs));
  return acks[0]?.epoch;
}

const gaps = [{ from: 2, to: 2, code: 'not_recoverable', reason: 'request_expired' }];

/** The clock of the service may be a little behind that of the test. */
function historyWithout(client: TestClient, more: Frame = {}): Promise<Frame> {
  let n = 0;
  return eventually(
    () => client.request({ type: 'history', id: `h${String((n += 1))}`, ...inbox, ...more }),
    ({ messages }) => Array.isArray(messages) && messages.length === 2,
  );
}

const idsOf = (messages: unknown): unknown[] => (messages as Frame[]).map(({ id }) => id);

test('REQ-4 history leaves out a request that has expired, and says so', async () => {
  const epoch = await askThree();
  const client = await connect('b');
  const newest = await historyWithout(client);
  const forwards = await historyWithout(client, { after: { epoch, sequence: 0 } });
  for (const { messages, ...answer } of [newest, forwards]) {
    expect(idsOf(messages)).toEqual(['m1', 'm3']);
    expect(answer).toMatchObject({ sequence: 3, gaps });
  }
});

test('REQ-4 a replay leaves it out, and says so', async () => {
  const epoch = await askThree();
  const client = await connect('b');
  await historyWithout(client);
  const since = { epoch, sequence: 0 };

  await client.request({ type: 'hello', id: 'hi', resume: [{ ...inbox, ...since }] });
  const afterHello = [await client.nextMessage(), await client.nextMessage()];
  expect(await client.next(({ type }) => type === 'REPLAYED')).toMatchObject({
    complete: true,
    sequence: 3,
    gaps,
  });
  await client.request({ type: 'subscribe', id: 's', ...inbox, since });
  const afterSubscribe = [await client.nextMessage(), await client.nextMessage()];
  expect(await client.next(({ type }) => type === 'REPLAYED')).toMatchObject({ complete: true, gaps });

  expect(idsOf(afterHello)).toEqual(['m1', 'm3']);
  expect(idsOf(afterSubscribe)).toEqual(['m1', 'm3']);
});

test('REQ-4 a replay at level 0 leaves it out', async () => {
  const epoch = await askThree();
  await historyWithout(await connect('b'));
  const client = await connect('b', 0);
  await client.request({ type: 'subscribe', id: 's', ...inbox, since: { epoch, sequence: 0 } });
  expect(idsOf([await client.nextMessage(), await client.nextMessage()])).toEqual(['m1', 'm3']);
});

test('REQ-3 a request that has expired before it could be stored is request_expired, and takes no sequence', async () => {
  const [asker, answerer] = [await connect('a'), await connect('b')];
  // Each put takes longer than a millisecond, so the last frames of the batch come too late.
  const frames = Array.from({ length: 5 }, (_, n) => ({ id: `m${String(n)}`, ...request, timeout_ms: 1 }));
  asker.send(frames);
  const answers = [];
  for (const { id } of frames) answers.push(await asker.next((frame) => frame.message_id === id));
  const refused = answers.filter(({ code }) => code === 'request_expired');
  expect(refused.length).toBeGreaterThan(0);
  const taken = answers.filter(({ type }) => type === 'ACK');
  expect(taken.length + refused.length).toBe(frames.length);
  expect(await asker.request({ id: 'last', ...request })).toMatchObject({ sequence: taken.length + 1 });
  await answerer.nextMessage({ id: 'last' });
  expect(answerer.messageIds.filter((id) => refused.some(({ message_id }) => message_id === id))).toEqual([]);
});
