/**
 * Conformance: what is refused, how, and that the connection goes on (docs/protocol.md, Errors).
 * Refused handshakes are in connect.test.ts and tokens.test.ts.
 */
import { bases, Bus, fresh } from '../helpers/bus';
import { handshake } from '../helpers/handshake';
import { needs } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;
let client: TestClient;
/** Every ERROR of this file, for the rule about what they never hold. */
const errors: Frame[] = [];

beforeEach(async () => {
  tenant = fresh('tenant');
  client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
});
afterEach(() => {
  errors.push(...client.received.filter((frame) => frame.type === 'ERROR'));
});

const wireTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The next message is handled as if nothing had been. */
async function goesOn(): Promise<void> {
  const marker = fresh('marker');
  expect(await client.request({ id: marker, content: 1 })).toMatchObject({ type: 'ACK' });
  await client.nextMessage({ id: marker });
}

test.each([
  ['no JSON', 'hello'],
  ['nothing', ''],
  ['a blank', ' '],
  ['half an object', '{"id":"m1","content":'],
  ['a comma too many', '{"id":"m1","content":1,}'],
  ['single quotes', "{'id':'m1'}"],
  ['two objects', '{"id":"m1","content":1}{"id":"m2","content":2}'],
  ['NaN', '{"id":"m1","content":NaN}'],
  ['a byte order mark', '\ufeff{"id":"m1","content":1}'],
  ['a raw line feed in a text', '{"id":"m1","content":"a\nb"}'],
  ['XML', '<message/>'],
])('ERR-1 text that is not JSON: %s', async (_, text) => {
  client.sendText(text);

  expect(await client.next({ type: 'ERROR' })).toEqual({
    type: 'ERROR',
    error: 'Invalid JSON format',
    code: 'invalid_message',
    timestamp: expect.stringMatching(wireTime) as unknown,
  });
  await goesOn();
});

test.each(['null', 'true', '7', '"text"'])(
  'ERR-2 JSON that is no object is invalid_message: %s',
  async (text) => {
    client.sendText(text);

    expect(await client.next({ type: 'ERROR' })).toMatchObject({ code: 'invalid_message' });
    await goesOn();
  },
);

const wrong: Readonly<Record<string, readonly unknown[]>> = {
  id: ['', 'i'.repeat(129), 7, true, {}, [], 'a\nb', 'a\0', '\ud800'],
  type: ['', 't'.repeat(65), 'T'.repeat(65), 7, true, {}, []],
  metadata: ['text', 7, true, [], [1]],
  channel_id: ['', 'a b', 'a/b', '*', 'c'.repeat(129), 7, true, {}, ['news'], '$other'],
  to: ['', 'b'.repeat(129), 7, true, {}, ['b'], 'a\nb', '\udc00'],
  echo: ['false', 0, 1, {}, []],
  ephemeral: ['true', 0, 1, {}, []],
  retry: ['true', 0, 1, {}, []],
  expects_reply: ['true', 0, 1, {}, []],
  correlation_id: ['', 'c'.repeat(129), 7, true, {}, []],
  in_reply_to: ['', 'c'.repeat(129), 7, true, {}, []],
  traceparent: ['', 'c'.repeat(129), 7, true, {}, []],
};

test.each(Object.entries(wrong))('ERR-2 a wrong %s is invalid_message', async (field, values) => {
  for (const value of values) {
    client.send({ id: 'm1', content: 1, [field]: value });
    const error = await client.next({ type: 'ERROR' });
    expect([value, error.code]).toEqual([value, 'invalid_message']);
  }
  await goesOn();
  expect(client.messageIds).toHaveLength(1);
});

test('ERR-2 a message without content is invalid_message', async () => {
  expect(await client.request({ id: 'm1' })).toMatchObject({
    type: 'ERROR',
    code: 'invalid_message',
    message_id: 'm1',
  });
  expect(await client.request({ id: 'm2', data: 1 })).toMatchObject({
    code: 'invalid_message',
    message_id: 'm2',
  });
  await goesOn();
});

test.each(['Message', 'ACK', 'ERROR', 'SYSTEM', 'héllo', 'a b', '1st', '_a', 'a/b', 'T'.repeat(64), 'a\nb'])(
  'ERR-2 a type outside the grammar is unknown_type: %j',
  async (type) => {
    expect(await client.request({ id: 'm1', type, content: 1 })).toMatchObject({
      type: 'ERROR',
      code: 'unknown_type',
      message_id: 'm1',
    });
    await goesOn();
  },
);

test('ERR-3 the ERROR repeats the id, in full', async () => {
  expect(await client.request({ id: 'm1' })).toEqual({
    type: 'ERROR',
    error: expect.stringMatching(/./) as unknown,
    code: 'invalid_message',
    timestamp: expect.stringMatching(wireTime) as unknown,
    message_id: 'm1',
  });
});

test.each([
  ['empty', ''],
  ['over 128 characters', 'i'.repeat(129)],
  ['1,024 characters', 'i'.repeat(1_024)],
  ['a control character', 'a\nb\0'],
  ['half a surrogate pair', '\ud800'],
  ['a number', 7],
  ['a number with a fraction', -0.5],
  ['zero', 0],
  ['true', true],
  ['an object', { id: 'm1' }],
  ['a list of 1,024 bytes', ['m'.repeat(1_020)]],
])('ERR-3 an id that breaks the grammar is repeated all the same: %s', async (_, id) => {
  client.send({ id, content: 1 });
  const answer = await client.next({ type: 'ERROR' });
  expect([answer.code, answer.message_id]).toEqual(['invalid_message', id]);
});

test.each([
  ['1,025 characters', 'i'.repeat(1_025)],
  ['a list of 1,025 bytes', ['m'.repeat(1_021)]],
  ['null, with another fault', null],
])('ERR-3 what is no id is not repeated: %s', async (_, id) => {
  client.send({ id, content: 1, metadata: 'wrong' });

  expect(await client.next({ type: 'ERROR' })).not.toHaveProperty('message_id');
});

test('ERR-3 a frame without an id that can’t be accepted is answered without message_id', async () => {
  client.send({ metadata: {} });

  expect(await client.next({ type: 'ERROR' })).not.toHaveProperty('message_id');
});

test('ERR-4 after many errors the connection is as good as new', async () => {
  for (const text of ['{', '[]', 'null', '[[]]', '{"id":"x"}', '{"type":"PING","id":"x"}', '\u0000']) {
    client.sendText(text);
    await client.next({ type: 'ERROR' });
  }

  expect(await client.request({ id: 'm1', content: 1 })).toMatchObject({ type: 'ACK', sequence: 1 });
  await client.nextMessage({ id: 'm1' });
  expect(client.isOpen).toBe(true);
});

/** Arrays inside each other, `levels` of them. */
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

test('ERR-5 nesting up to 64 levels is accepted, deeper is invalid_message', async () => {
  for (const [levels, expected] of [
    [60, 'ACK'],
    [64, 'ACK'],
    [65, 'ERROR'],
    [1_000, 'ERROR'],
    [16_000, 'ERROR'],
  ] as const) {
    for (const field of ['content', 'metadata', 'further']) {
      const deep = field === 'metadata' ? `{"x":${nested(levels - 1)}}` : nested(levels);
      const content = field === 'content' ? '' : '"content":1,';
      client.sendText(`{"id":"m1",${content}"${field}":${deep}}`);
      const reply = await client.reply('m1');
      expect([levels, field, reply.type]).toEqual([levels, field, expected]);
      if (expected === 'ERROR') expect(reply.code).toBe('invalid_message');
    }
  }
  await goesOn();
});

test('ERR-5 numbers beyond JSON’s range are invalid_message, wherever they stand', async () => {
  for (const text of [
    '{"id":"m1","content":1e400}',
    '{"id":"m1","content":-1e400}',
    '{"id":"m1","content":[1,{"x":1e999}]}',
    '{"id":"m1","content":1,"metadata":{"x":1e400}}',
    '{"id":"m1","content":1,"further":1e400}',
  ]) {
    client.sendText(text);
    expect(await client.reply('m1')).toMatchObject({ type: 'ERROR', code: 'invalid_message' });
  }
  client.sendText('{"id":"m2","content":1.7976931348623157e308}');
  expect(await client.reply('m2')).toMatchObject({ type: 'ACK' });
});

test('ERR-9 more than 6,000 values are limit_exceeded, wherever they stand', async () => {
  const ones = (n: number) => Array<number>(n).fill(1);
  expect(await client.request({ id: 'm1', content: ones(5_994), echo: false })).toMatchObject({
    type: 'ACK',
  });
  expect(await client.request({ id: 'm2', content: ones(6_000) })).toMatchObject({ code: 'limit_exceeded' });
  client.sendText(`{"content":{"id":"no"},"further":[${ones(6_000).join()}],"id":"m3"}`);
  expect(await client.reply('m3')).toMatchObject({ code: 'limit_exceeded' });
  await goesOn();
});

test('ERR-9 more than 128 fields of a frame are limit_exceeded', async () => {
  const fields = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, index) => [`f${index}`, 0]));
  expect(await client.request({ id: 'm1', content: 1, ...fields(126) })).toMatchObject({ type: 'ACK' });
  expect(await client.request({ id: 'm2', content: 1, ...fields(127) })).toMatchObject({
    type: 'ERROR',
    code: 'limit_exceeded',
  });
  await goesOn();
});

test('ERR-9 a batch with too much in it has one ERROR, and nothing of it is accepted', async () => {
  for (const [content, code] of [
    [`[${Array<number>(6_000).fill(1).join()}]`, 'limit_exceeded'],
    [nested(4_200), 'invalid_message'],
    [nested(511), 'invalid_message'],
  ] as const) {
    client.sendText(`[{"id":"good","content":1},{"id":"bad","content":${content}}]`);
    const error = await client.next({ code });
    expect(error).not.toHaveProperty('message_id');
  }
  await goesOn();
  expect(client.messageIds).not.toContain('good');
});

/** A message whose text has exactly that number of bytes. */
function ofSize(bytes: number, id = 'big'): string {
  const rest = JSON.stringify({ id, content: '' }).length;
  return JSON.stringify({ id, content: 'x'.repeat(bytes - rest) });
}

describe.each(bases)('on the base of the %s', (base) => {
  beforeEach(async () => {
    client = await bus.connect({ tenant, agent: 'b' }, { base, channel: 'news' });
  });

  test('ERR-7 a text frame of 32,768 bytes is read, one byte more closes with 1009', async () => {
    client.sendText(ofSize(32_768));
    expect(await client.reply('big')).toMatchObject({ type: 'ACK' });

    client.sendText(ofSize(32_769));
    expect((await client.closed).code).toBe(1009);
  });

  test('ERR-7 bytes are counted, not characters', async () => {
    client.sendText(JSON.stringify({ id: 'm1', content: 'ö'.repeat(16_400) }));

    expect((await client.closed).code).toBe(1009);
  });

  test('ERR-7 a message over 131,072 bytes closes with 1009, however it is cut up', async () => {
    client.sendInPieces(ofSize(131_073), 30_000);

    expect((await client.closed).code).toBe(1009);
  });

  test('ERR-7 a binary frame closes with 1003', async () => {
    client.sendBytes(Buffer.from('{"id":"m1","content":1}'));

    expect((await client.closed).code).toBe(1003);
  });
});

const secrets =
  /eyJ|\bat [^"]+:\d+|node_modules|dynamo|lambda|aws|amazon|table|subject|execute-api|arn:|exception|TypeError|\.[jt]s\b/i;

test('ERR-10 no other code than these comes with retry_after_ms', () => {
  const passing = ['rate_limited', 'unavailable', 'internal'];
  for (const error of errors) expect('retry_after_ms' in error).toBe(passing.includes(String(error.code)));
});

test('ERR-8 no ERROR of the cases above holds a token, a stack or a name of what runs behind', () => {
  expect(errors.length).toBeGreaterThan(50);
  for (const error of errors) expect(JSON.stringify(error)).not.toMatch(secrets);
});

needs('tables')(
  'ERR-8 ERR-10 nor does one that comes from a failure behind the service, which says when to try again',
  async () => {
    const broken = await Bus.start();
    try {
      const connection = await broken.connect({ tenant, agent: 'a' }, { channel: 'news' });
      await broken.inside.tables.drop('message');
      const reply = await connection.request({ id: 'm1', content: 1 });
      expect(reply).toMatchObject({ type: 'ERROR', message_id: 'm1' });
      expect(['internal', 'unavailable']).toContain(reply.code);
      expect(reply.retry_after_ms).toBeGreaterThanOrEqual(1);
      expect(JSON.stringify(reply)).not.toMatch(secrets);
      expect(await connection.request({ content: 2, ephemeral: true })).toMatchObject({ type: 'ACK' });

      await broken.inside.tables.drop('agent');
      const refusal = await handshake(await broken.urlFor({ tenant, agent: 'b' }));
      expect(refusal.status).toBeGreaterThanOrEqual(500);
      expect(refusal.body).not.toMatch(secrets);
    } finally {
      await broken.stop();
    }
  },
);
