/** Frames at the border: what is understood, what is refused, and that nothing ever throws. */
import fc from 'fast-check';
import { messageText, type ParsedFrame, parseText } from '../../protocol/index';

const parse = (value: unknown): ParsedFrame => {
  const frames = parseText(typeof value === 'string' ? value : JSON.stringify(value));
  expect(frames).toHaveLength(1);
  return frames[0]!;
};
const refusal = (value: unknown) => {
  const parsed = parse(value);
  if (parsed.ok) throw new Error('was accepted');
  return parsed.error;
};
const frame = (value: unknown) => {
  const parsed = parse(value);
  if (!parsed.ok) throw new Error(parsed.error.text);
  if (parsed.kind !== 'message') throw new Error('is no message');
  return parsed.frame;
};

test('reads the frame of the original protocol', () => {
  expect(frame({ id: 'm', type: 'message', content: 'hi', metadata: { k: 'v' } })).toEqual({
    id: 'm',
    type: 'message',
    content: 'hi',
    metadata: { k: 'v' },
    channelId: undefined,
    to: undefined,
    ephemeral: false,
    retry: false,
    echo: undefined,
    expectsReply: false,
    timeoutMs: undefined,
    extra: {},
  });
});

test('fills in what may be left out, and counts null as left out', () => {
  const short = { content: null };
  const nulls = Object.fromEntries(
    [
      'id',
      'type',
      'metadata',
      'channel_id',
      'to',
      'ephemeral',
      'retry',
      'echo',
      'expects_reply',
      'correlation_id',
    ].map((name) => [name, null]),
  );
  expect(frame(short)).toMatchObject({ id: undefined, type: 'message', content: null, metadata: {} });
  expect(frame({ ...nulls, content: 0 })).toMatchObject({
    id: undefined,
    type: 'message',
    to: undefined,
    retry: false,
  });
});

test.each([0, false, '', [], {}, [[1]], 1.5e300, '\u0000', '\ud83d\ude00'])(
  'takes %j for content',
  (content) => {
    expect(frame({ content }).content).toEqual(content);
  },
);

test.each<[string, unknown]>([
  ['an id that is a number', { id: 7, content: 1 }],
  ['an empty id', { id: '', content: 1 }],
  ['an id that is too long', { id: 'x'.repeat(129), content: 1 }],
  ['an id with a control character', { id: 'a\n', content: 1 }],
  ['half a surrogate pair in the id', '{"id":"\\ud800","content":1}'],
  ['no content', { id: 'm' }],
  ['a type that is a number', { type: 7, content: 1 }],
  ['an empty type', { type: '', content: 1 }],
  ['a type that is too long', { type: 'x'.repeat(65), content: 1 }],
  ['metadata that is a list', { content: 1, metadata: [] }],
  ['metadata that is text', { content: 1, metadata: 'x' }],
  ['a channel with a slash', { content: 1, channel_id: 'a/b' }],
  ['an empty channel', { content: 1, channel_id: '' }],
  ['a channel that is a number', { content: 1, channel_id: 1 }],
  ['a receiver that is a list', { content: 1, to: ['a'] }],
  ['an empty receiver', { content: 1, to: '' }],
  ['a receiver and a channel', { content: 1, to: 'a', channel_id: 'c' }],
  ['a flag that is text', { content: 1, ephemeral: 'true' }],
  ['a flag that is a number', { content: 1, retry: 1 }],
  ['a correlation id that is a number', { content: 1, correlation_id: 1 }],
  ['a number out of range', '{"content":1e400}'],
  ['a number out of range, deep inside', '{"content":{"a":[{"b":-1e999}]}}'],
  ['a number out of range in a field of the user', '{"content":1,"mine":1e400}'],
  ['text instead of a frame', '"hello"'],
  ['a number instead of a frame', '7'],
  ['null instead of a frame', 'null'],
])('refuses %s as invalid_message', (_, value) => {
  expect(refusal(value)).toMatchObject({ code: 'invalid_message' });
});

describe('a request', () => {
  const request = { id: 'm', to: 'b', content: 1, expects_reply: true };

  test.each([1, 30_000, 2_073_600_000])('may wait for %i ms', (timeout_ms) => {
    const read = frame({ ...request, timeout_ms, expires_at: 'mine' });
    expect(read).toMatchObject({ timeoutMs: timeout_ms });
    expect(read.extra).toEqual({ expects_reply: true, timeout_ms });
  });

  test.each([0, -1, 0.5, 2_073_600_001, '1', true, {}])('can’t wait for %j', (timeout_ms) => {
    expect(refusal({ ...request, timeout_ms })).toMatchObject({ code: 'invalid_message', messageId: 'm' });
  });

  test.each([{}, { timeout_ms: null }])('waits without an end with %j', (more) => {
    expect(frame({ ...request, ...more }).timeoutMs).toBeUndefined();
  });

  test.each([
    { to: 'b', expects_reply: false },
    { to: 'b', expects_reply: null },
    { to: null, expects_reply: true },
    { channel_id: 'c', expects_reply: true },
    { metadata: { to: 'b' }, expects_reply: true },
  ])('is not what has %j: its fields are the user’s own', (fields) => {
    const own = { timeout_ms: 'soon', expires_at: 7 };
    const read = frame({ content: 1, ...fields, ...own });
    expect(read.timeoutMs).toBeUndefined();
    expect(read.extra).toMatchObject(own);
  });
});

test.each(['', '{', '[1,', 'hello', '\u0000', '{"a":1}{"b":2}'])('calls %j invalid JSON', (text) => {
  expect(refusal(text)).toEqual({
    code: 'invalid_message',
    text: 'Invalid JSON format',
    messageId: undefined,
  });
});

test.each(['ACK', 'Message', '_a', '9a', 'a b', 'X'.repeat(64)])('does not know the type %j', (type) => {
  expect(refusal({ id: 'm', type, content: 1 })).toMatchObject({ code: 'unknown_type', messageId: 'm' });
});

test.each(['chat', 'task.done', 'a-b_c:d', 'ack', 'error', 'x'.repeat(64)])(
  'keeps the user’s type %s',
  (type) => {
    expect(frame({ type, content: 1 }).type).toBe(type);
  },
);

test('does not let clients write to the service’s own channels', () => {
  expect(refusal({ id: 'm', content: 1, channel_id: '$presence' })).toMatchObject({
    code: 'forbidden',
    messageId: 'm',
  });
});

test.each<[unknown, unknown]>([
  ['x'.repeat(129), 'x'.repeat(129)],
  ['', ''],
  ['x'.repeat(1_025), undefined],
  [7, 7],
  [{}, {}],
  [true, true],
  [['x'.repeat(1_021)], undefined],
])('repeats the id %j of a bad frame as %j', (id, expected) => {
  expect(refusal({ id, type: 7, content: 1 }).messageId).toEqual(expected);
});

test('passes on what it does not know, and drops what only the server writes', () => {
  const own = { tenant_id: 'x', agent_id: 'x', timestamp: 'x', sequence: 1, epoch: 'x', replayed: true };
  const users = {
    correlation_id: 'c',
    in_reply_to: 'r',
    traceparent: '00-…',
    expects_reply: true,
    mine: { a: [1] },
  };
  expect(frame({ content: 1, ...own, ...users }).extra).toEqual(users);
});

test('passes __proto__ on as the ordinary field that it is', () => {
  const text =
    '{"id":"m","content":{"__proto__":{"a":1}},"metadata":{"__proto__":2},"__proto__":{"polluted":true}}';
  const parsed = frame(text);
  const sent = messageText({
    ...parsed,
    id: 'm',
    tenantId: 't',
    agentId: 'a',
    channelId: undefined,
    timestamp: 0,
  });
  expect(sent).toContain('"content":{"__proto__":{"a":1}}');
  expect(sent).toContain('"__proto__":{"polluted":true}');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('accepts 64 levels and no more, without overflowing the stack', () => {
  const nested = (levels: number): string => `{"content":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  expect(parse(nested(64)).ok).toBe(true);
  expect(refusal(nested(65))).toMatchObject({ code: 'invalid_message' });
  const around = (levels: number): string => nested(levels).replace('[]', '[1]');
  expect(parse(around(64)).ok).toBe(true);
  expect(refusal(around(65))).toMatchObject({ code: 'invalid_message' });
  expect(refusal(nested(60_000))).toMatchObject({ code: 'invalid_message' });
});

test('reads a batch frame by frame', () => {
  const frames = parseText(
    JSON.stringify([{ content: 1 }, 7, [{ content: 1 }], { id: 'x' }, { content: 2 }]),
  );
  expect(frames.map(({ ok }) => ok)).toEqual([true, false, false, false, true]);
});

test('refuses an empty batch and one that is too long', () => {
  expect(refusal('[]')).toMatchObject({ code: 'invalid_message' });
  expect(parseText(JSON.stringify(Array(25).fill({ content: 1 })))).toHaveLength(25);
  expect(refusal(Array(26).fill({ content: 1 }))).toMatchObject({ code: 'limit_exceeded' });
});

test('never throws, and what it accepts can be written again', () => {
  const field = fc.constantFrom(
    'id',
    'type',
    'content',
    'metadata',
    'channel_id',
    'to',
    'echo',
    'retry',
    '__proto__',
    'x',
  );
  const almostFrame = fc.dictionary(field, fc.jsonValue({ depthSize: 'medium', maxDepth: 5 }));
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    almostFrame.map((value) => JSON.stringify(value)),
    fc.array(almostFrame, { maxLength: 30 }).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(text, (input) => {
      for (const parsed of parseText(input)) {
        if (!parsed.ok || parsed.kind === 'control') continue;
        const { frame: accepted } = parsed;
        const message = { ...accepted, id: 'm', tenantId: 't', agentId: 'a', timestamp: 0, channelId: 'c' };
        expect(() => JSON.parse(messageText(message)) as unknown).not.toThrow();
      }
    }),
    { numRuns: 2_000 },
  );
});
