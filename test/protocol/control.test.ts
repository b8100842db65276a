/** Control frames at the border: what each may hold, what is filled in, and what is said about the rest. */
import { parseText } from '../../protocol/index';

const read = (frame: object) => {
  const [parsed] = parseText(JSON.stringify(frame));
  if (parsed?.ok !== true) return parsed?.error;
  return parsed.kind === 'control' ? parsed.control : 'message';
};
const position = { epoch: 'e', sequence: 7 };
const silent = { status: undefined, capabilities: undefined };

test('hello may be bare, and counts a channel that is named twice once', () => {
  expect(read({ type: 'hello' })).toEqual({
    type: 'hello',
    id: undefined,
    resume: [],
    own: silent,
  });
  const resume = [
    { channel_id: 'a', ...position },
    { channel_id: '$inbox', ...position },
    { channel_id: 'b' },
    { channel_id: 'b', epoch: null, sequence: null },
  ];
  expect(read({ type: 'hello', id: 'h', resume, client: { name: 'x' }, unknown: 1 })).toEqual({
    type: 'hello',
    id: 'h',
    resume: [
      { channelId: 'a', since: position },
      { channelId: '$inbox', since: position },
      { channelId: 'b', since: undefined },
    ],
    own: silent,
  });
});

test.each([
  [
    { type: 'subscribe', id: 's', channel_id: 'c' },
    { channelId: 'c', since: undefined },
  ],
  [
    { type: 'subscribe', id: 's', channel_id: 'c', since: position },
    { channelId: 'c', since: position },
  ],
  [{ type: 'unsubscribe', id: 's', channel_id: 'c' }, { channelId: 'c' }],
  [
    { type: 'history', id: 's', channel_id: 'c' },
    { after: undefined, before: undefined, limit: 100 },
  ],
  [
    { type: 'history', id: 's', channel_id: 'c', after: position, limit: 1_000 },
    { after: position, limit: 1_000 },
  ],
  [
    { type: 'history', id: 's', channel_id: 'c', before: position, limit: 1 },
    { before: position, limit: 1 },
  ],
  [{ type: 'ping' }, { id: undefined, channels: [] }],
  [
    { type: 'ping', id: 's', channels: [{ channel_id: 'c' }] },
    { channels: [{ channelId: 'c', since: undefined }] },
  ],
])('reads %j', (frame, expected) => {
  expect(read(frame)).toMatchObject({ type: frame.type, ...expected });
});

const many = (n: number) => Array.from({ length: n }, (_, index) => ({ channel_id: `c${String(index)}` }));

test('takes as many channels as the limits say', () => {
  expect(read({ type: 'hello', resume: many(100) })).toMatchObject({ type: 'hello' });
  expect(read({ type: 'ping', channels: many(20) })).toMatchObject({ type: 'ping' });
});

test.each([
  { type: 'hello', id: '' },
  { type: 'hello', id: 7 },
  { type: 'hello', resume: {} },
  { type: 'hello', resume: ['c'] },
  { type: 'hello', resume: [{ channel_id: 'no spaces' }] },
  { type: 'hello', resume: [{ channel_id: '$other' }] },
  { type: 'hello', resume: [{ channel_id: 'c', epoch: 'e' }] },
  { type: 'hello', resume: [{ channel_id: 'c', sequence: 1 }] },
  { type: 'hello', resume: [{ channel_id: 'c', epoch: 'e', sequence: -1 }] },
  { type: 'hello', resume: [{ channel_id: 'c', epoch: 'e', sequence: 1.5 }] },
  { type: 'hello', resume: [{ channel_id: 'c', epoch: '', sequence: 1 }] },
  { type: 'subscribe', channel_id: 'c' },
  { type: 'subscribe', id: 's' },
  { type: 'subscribe', id: 's', channel_id: 7 },
  { type: 'subscribe', id: 's', channel_id: 'c', since: 7 },
  { type: 'subscribe', id: 's', channel_id: 'c', since: {} },
  { type: 'unsubscribe', id: 's' },
  { type: 'unsubscribe', channel_id: 'c' },
  { type: 'history', channel_id: 'c' },
  { type: 'history', id: 's', channel_id: 'c', limit: 0 },
  { type: 'history', id: 's', channel_id: 'c', limit: 1_001 },
  { type: 'history', id: 's', channel_id: 'c', limit: '5' },
  { type: 'history', id: 's', channel_id: 'c', after: position, before: position },
  { type: 'history', id: 's', channel_id: 'c', after: [] },
  { type: 'ping', id: {} },
  ...['x', 7, [], { name: 5 }, { name: '' }, { version: ['1'] }, { name: 'x'.repeat(129) }].map((client) => ({
    type: 'hello',
    client,
  })),
])('refuses %j', (frame) => {
  expect(read(frame)).toMatchObject({ code: 'invalid_message', text: expect.any(String) as unknown });
});

test.each([
  { type: 'hello', resume: many(101) },
  { type: 'ping', channels: many(21) },
])('refuses a list that is too long, and names the limit', (frame) => {
  const most = frame.type === 'hello' ? '100' : '20';
  expect(read(frame)).toMatchObject({
    code: 'limit_exceeded',
    text: expect.stringContaining(most) as unknown,
  });
});

test.each([{}, { name: 'x', version: null }, { name: null, other: 7 }, null])(
  'takes %j for what a program says of itself',
  (client) => {
    expect(read({ type: 'hello', client })).toMatchObject({ type: 'hello' });
  },
);

test('names the id of what it refuses', () => {
  expect(read({ type: 'subscribe', id: 's', channel_id: '#' })).toMatchObject({ messageId: 's' });
  expect(read({ type: 'ping', id: 12 })).toMatchObject({ messageId: 12 });
});

test('a name of every object is no control frame', () => {
  expect(read({ type: 'constructor', id: 'm', content: 1 })).toBe('message');
});

describe('presence', () => {
  const whole = {
    agentId: undefined,
    status: undefined,
    capability: undefined,
    online: undefined,
    limit: 100,
    after: undefined,
  };

  test.each<[object, object]>([
    [{}, { own: silent, query: undefined }],
    [{ status: 'busy' }, { own: { ...silent, status: 'busy' } }],
    [{ capabilities: ['b', 'a', 'b'] }, { own: { ...silent, capabilities: ['b', 'a'] } }],
    [{ status: null, capabilities: [], query: null }, { own: { ...silent, capabilities: [] } }],
    [{ query: {} }, { own: undefined, query: whole }],
    [{ query: { agent_id: null, limit: null, online: null, other: null } }, { query: whole }],
    [{ query: { online: false } }, { query: { ...whole, online: false } }],
    [
      { query: { agent_id: 'a', status: 'offline', capability: 'c', limit: 1, after: 'z' } },
      { query: { agentId: 'a', status: 'offline', capability: 'c', limit: 1, after: 'z' } },
    ],
  ])('reads %j', (frame, expected) => {
    expect(read({ type: 'presence', id: 'p', ...frame })).toMatchObject({
      type: 'presence',
      id: 'p',
      ...expected,
    });
  });

  test.each([
    { id: undefined },
    { status: 'offline' },
    { status: '' },
    { status: 7 },
    { status: 'x'.repeat(65) },
    { status: 'a\nb' },
    { capabilities: 'a' },
    { capabilities: [''] },
    { capabilities: ['x'.repeat(65)] },
    { capabilities: Array.from({ length: 51 }, (_, n) => `c${n}`) },
    { status: 'busy', query: {} },
    { query: [] },
    { query: { limit: 0 } },
    { query: { limit: 101 } },
    { query: { limit: 1.5 } },
    { query: { agent_id: 7 } },
    { query: { status: '' } },
    { query: { capability: 7 } },
    { query: { online: 'true' } },
    { query: { online: 1 } },
    { query: { after: '' } },
    { query: { capabilities: 'c' } },
    { query: { agentId: 'a' } },
    { query: { other: 1 } },
  ])('refuses %j', (fields) => {
    expect(read({ type: 'presence', id: 'p', ...fields })).toMatchObject({ code: 'invalid_message' });
  });

  test('is said in hello, too', () => {
    expect(read({ type: 'hello', status: 'busy', capabilities: ['a'] })).toMatchObject({
      own: { status: 'busy', capabilities: ['a'] },
    });
    expect(read({ type: 'hello', status: 'offline' })).toMatchObject({ code: 'invalid_message' });
  });

  test('can be subscribed to, and has no log', () => {
    expect(read({ type: 'subscribe', id: 's', channel_id: '$presence' })).toMatchObject({
      channelId: '$presence',
    });
    expect(read({ type: 'hello', resume: [{ channel_id: '$presence' }] })).toMatchObject({
      resume: [{ channelId: '$presence' }],
    });
    for (const frame of [
      { type: 'history', id: 's', channel_id: '$presence' },
      { type: 'ping', channels: [{ channel_id: '$presence' }] },
    ])
      expect(read(frame)).toMatchObject({ code: 'invalid_message' });
  });
});
