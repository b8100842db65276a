/** A message, its body in the log, and the message again. */
import fc from 'fast-check';
import { bodyOf, isExpiredRequest, messageOfRow } from '../../lambda/log/stored-message';
import { type JsonObject, type Message, type MessageType, messageText } from '../../protocol/index';

const object = () => fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;

test('comes back as it was accepted, to the last character that a receiver sees', () => {
  const messages = fc.record({
    id: fc.string({ minLength: 1 }),
    type: fc.stringMatching(/^[a-z]+$/) as fc.Arbitrary<MessageType>,
    content: fc.jsonValue(),
    metadata: object(),
    extra: object(),
    agentId: fc.string({ minLength: 1 }),
    timestamp: fc.integer({ min: 0, max: 4e12 }),
    expiresAt: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(messages, fc.boolean(), (parts, isDirect) => {
      const channelId = isDirect ? undefined : 'news';
      const to = isDirect ? 'b' : undefined;
      const message: Message = { ...parts, tenantId: 't', channelId, to };
      const { id, agentId, timestamp } = parts;
      const row = { id, agentId, timestamp, body: bodyOf(message) };
      const again = messageOfRow(row, 't', channelId, to);
      expect(again === undefined ? '' : messageText(again)).toBe(messageText(message));
      expect(again).toMatchObject({ channelId, to });
    }),
  );
});

test('a body of another release keeps what we know and gets defaults for the rest', () => {
  const row = { id: 'm1', agentId: 'a', timestamp: 1, body: '{"content":[1],"priority":9,"metadata":null}' };
  expect(messageOfRow(row, 't', 'news')).toEqual({
    id: 'm1',
    type: 'message',
    content: [1],
    metadata: {},
    extra: {},
    tenantId: 't',
    agentId: 'a',
    channelId: 'news',
    to: undefined,
    timestamp: 1,
  });
});

test.each(['', 'null', '[]', '"text"', '{"content":'])('the body %s is no message', (body) => {
  expect(messageOfRow({ id: 'm1', agentId: 'a', timestamp: 1, body }, 't', undefined, 'b')).toBeUndefined();
});

describe('a request', () => {
  const message: Message = {
    id: 'm1',
    type: 'message',
    content: 1,
    metadata: {},
    extra: { expects_reply: true, timeout_ms: 10 },
    tenantId: 't',
    agentId: 'a',
    channelId: undefined,
    to: 'b',
    timestamp: 90,
    expiresAt: 100,
  };

  test('has expired from its time on', () => {
    const row = { body: bodyOf(message) };
    expect([99, 100, 101].map((now) => isExpiredRequest(row, now))).toEqual([false, true, true]);
  });

  test('does not expire by what a client calls so, nor when an earlier release has stored it', () => {
    const own = { ...message.extra, expires_at: '1970-01-01T00:00:00.000Z' };
    const earlier = JSON.stringify({ type: 'message', content: 1, metadata: {}, extra: own });
    for (const body of [bodyOf({ ...message, extra: own, expiresAt: undefined }), earlier, undefined])
      expect(isExpiredRequest({ body }, 1_000)).toBe(false);
  });
});
