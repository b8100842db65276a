import {
  type Carrier,
  Outbox,
  type OutboxOptions,
  type Receipt,
} from '../../clients/javascript/sending/outbox';
import { FakeTimers } from '../helpers/fake-timers';

interface World {
  readonly outbox: Outbox;
  readonly carrier: Carrier;
  readonly timers: FakeTimers;
  /** Frames of each text. */
  readonly texts: Record<string, unknown>[][];
  readonly renewals: string[];
  readonly publish: (id: string, content?: unknown) => Promise<Receipt>;
  readonly ack: (...ids: string[]) => void;
  readonly error: (id: string, code: string, retryAfterMs?: number) => void;
}

function world(options: OutboxOptions = {}): World {
  const timers = new FakeTimers();
  const texts: Record<string, unknown>[][] = [];
  const renewals: string[] = [];
  const outbox = new Outbox({
    timers,
    options,
    renew: () => renewals.push('renewed'),
    doubt: () => undefined,
  });
  const carrier = carrierTo(texts);
  outbox.attach(carrier);
  return {
    outbox,
    carrier,
    timers,
    texts,
    renewals,
    publish: (id, content = id) => outbox.add({ id, content }, () => undefined),
    ack: (...ids) => {
      for (const message_id of ids)
        outbox.acknowledge({ type: 'ACK', message_id, status: 'accepted', sequence: 1, epoch: 'e' });
    },
    error: (message_id, code, retry_after_ms) => {
      outbox.refuse({ type: 'ERROR', message_id, code, error: code, retry_after_ms });
    },
  };
}

function carrierTo(texts: World['texts']): Carrier {
  return { send: (text) => texts.push([JSON.parse(text)].flat() as Record<string, unknown>[]) > 0 };
}

const idsOf = (texts: World['texts']): unknown[][] => texts.map((frames) => frames.map(({ id }) => id));

test('sends the first message at once, and gathers what comes while it is in flight', async () => {
  const { publish, ack, texts } = world();
  const all = ['a', 'b', 'c'].map((id) => publish(id));
  expect(idsOf(texts)).toEqual([['a']]);
  ack('a');
  expect(idsOf(texts)).toEqual([['a'], ['b', 'c']]);
  ack('b', 'c');
  expect((await Promise.all(all)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test('waits for every answer to a batch before the next one', () => {
  const { publish, ack, texts } = world();
  for (const id of ['a', 'b', 'c', 'd']) void publish(id);
  ack('a');
  void publish('e');
  ack('b', 'c');
  expect(texts).toHaveLength(2);
  ack('d');
  expect(idsOf(texts)[2]).toEqual(['e']);
});

test('a batch has at most 25 frames and 32 KB', () => {
  const { publish, ack, texts } = world();
  void publish('first');
  for (let index = 0; index < 30; index++) void publish(`s${index}`);
  for (let index = 0; index < 3; index++) void publish(`l${index}`, 'x'.repeat(15_000));
  ack('first');
  ack(...Array.from({ length: 25 }, (_, index) => `s${index}`));
  ack(...Array.from({ length: 5 }, (_, index) => `s${index + 25}`), 'l0', 'l1');
  expect(texts.map((frames) => frames.length)).toEqual([1, 25, 7, 1]);
  for (const frames of texts) expect(Buffer.byteLength(JSON.stringify(frames))).toBeLessThanOrEqual(32_768);
});

test('refuses a frame over 32 KB before it can close the connection', async () => {
  const { publish, texts } = world();
  await expect(publish('a', 'x'.repeat(32_768))).rejects.toMatchObject({
    code: 'payload_too_large',
    retryable: false,
  });
  await expect(publish('b', '€'.repeat(11_000))).rejects.toMatchObject({ code: 'payload_too_large' });
  expect(texts).toEqual([]);
});

test('refuses what is no JSON', async () => {
  const { publish, outbox } = world();
  await expect(outbox.add({ id: 'a', content: undefined }, () => undefined)).rejects.toMatchObject({
    code: 'invalid_message',
  });
  await expect(publish('b', 1n)).rejects.toMatchObject({ code: 'invalid_message' });
});

test('is bounded by number and by bytes, and says so', async () => {
  const few = world({ maxMessages: 2 });
  void few.publish('a');
  void few.publish('b');
  await expect(few.publish('c')).rejects.toMatchObject({ code: 'queue_full', retryable: true });
  few.ack('a');
  void few.publish('c');
  expect(few.outbox.length).toBe(2);
  const small = world({ maxBytes: 1_000 });
  void small.publish('a', 'x'.repeat(600));
  await expect(small.publish('b', 'x'.repeat(600))).rejects.toMatchObject({ code: 'queue_full' });
});

test('after a reconnect sends what is unacknowledged again, same id, same order, as a retry', () => {
  const { publish, ack, outbox, texts, carrier } = world();
  for (const id of ['a', 'b', 'c']) void publish(id);
  ack('a');
  outbox.detach(carrier);
  void publish('d');
  const again: World['texts'] = [];
  outbox.attach(carrierTo(again));
  expect(texts).toHaveLength(2);
  expect(again.flat().map(({ id, retry }) => [id, retry])).toEqual([
    ['b', true],
    ['c', true],
    ['d', undefined],
  ]);
});

test('sends again what gets no answer', async () => {
  const { publish, timers, texts } = world();
  void publish('a');
  await timers.advance(10_000);
  expect(texts.flat()).toMatchObject([{ id: 'a' }, { id: 'a', retry: true }]);
});

test('obeys retry_after_ms, and nothing overtakes what was refused', async () => {
  const { publish, ack, error, timers, texts } = world();
  void publish('a');
  void publish('b');
  error('a', 'rate_limited', 700);
  await timers.advance(690);
  expect(texts).toHaveLength(1);
  await timers.advance(20);
  expect(idsOf(texts)).toEqual([['a'], ['a', 'b']]);
  // It was not looked at: no search in the log is needed.
  expect(texts[1]?.[0]?.retry).toBeUndefined();
  ack('a', 'b');
});

test.each([
  ['unavailable', true],
  ['internal', true],
])('%s is tried again with the same id', async (code, retry) => {
  const { publish, ack, error, timers, texts } = world();
  const receipt = publish('a');
  error('a', code);
  await timers.advance(10_000);
  expect(texts[1]).toMatchObject([{ id: 'a', retry }]);
  ack('a');
  await expect(receipt).resolves.toMatchObject({ id: 'a', sequence: 1 });
});

test.each([
  'forbidden',
  'invalid_message',
  'payload_too_large',
  'no_responders',
  'loop_detected',
  'limit_exceeded',
])('%s rejects, and the next message goes on', async (code) => {
  const { publish, error, texts } = world();
  const receipt = publish('a');
  void publish('b');
  error('a', code);
  await expect(receipt).rejects.toMatchObject({ code });
  expect(idsOf(texts)).toEqual([['a'], ['b']]);
});

test('a failure on the service’s side is not tried for ever', async () => {
  const { publish, error, timers } = world();
  const refused = expect(publish('a')).rejects.toMatchObject({ code: 'internal' });
  for (let tries = 0; tries < 5; tries++) {
    error('a', 'internal');
    await timers.advance(10_000);
  }
  await refused;
});

test('an expired token asks for another connection and keeps the message', () => {
  const { publish, error, outbox, renewals, texts } = world();
  void publish('a');
  error('a', 'token_expired');
  expect(renewals).toEqual(['renewed']);
  expect(texts).toHaveLength(1);
  outbox.attach(carrierTo(texts));
  expect(texts[1]).toMatchObject([{ id: 'a' }]);
});

test('hands over to another connection when what is in flight has its answers', () => {
  const { publish, ack, outbox, texts, carrier } = world();
  void publish('a');
  void publish('b');
  const next: World['texts'] = [];
  outbox.attach(carrierTo(next));
  expect(outbox.uses(carrier)).toBe(true);
  expect(next).toHaveLength(0);
  ack('a');
  expect(outbox.uses(carrier)).toBe(false);
  expect(texts).toHaveLength(1);
  expect(next).toHaveLength(1);
});

test('hands over with retries when the old connection dies first', () => {
  const { publish, outbox, carrier } = world();
  void publish('a');
  const next: World['texts'] = [];
  outbox.attach(carrierTo(next));
  outbox.detach(carrier);
  expect(next).toMatchObject([[{ id: 'a', retry: true }]]);
});

test.each([
  ['unconfirmed', 'may be in the log', true],
  ['timeout', 'was never sent', false],
])('gives up with %s what %s, after nine minutes, with a connection or without', async (code, _, isSent) => {
  const { publish, outbox, timers, carrier } = world();
  if (!isSent) outbox.detach(carrier);
  const givenUp = expect(publish('a')).rejects.toMatchObject({ code });
  outbox.detach(carrier);
  await timers.advance(9 * 60_000 - 1);
  expect(outbox.length).toBe(1);
  await timers.advance(1);
  await givenUp;
  expect(outbox.length).toBe(0);
});

test('reads a frame of the platform as a failure of what is in flight', async () => {
  const { publish, outbox, timers, texts } = world();
  void publish('a');
  outbox.failed();
  await timers.advance(10_000);
  expect(texts[1]).toMatchObject([{ id: 'a', retry: true }]);
});

test('sends one by one what is refused as a whole batch', async () => {
  const { publish, ack, outbox, texts } = world();
  const receipts = ['a', 'b', 'c', 'd'].map((id) => publish(id));
  ack('a');
  outbox.refuse({ type: 'ERROR', code: 'limit_exceeded', error: 'too many values' });
  const refused = expect(receipts[1]).rejects.toMatchObject({ code: 'limit_exceeded' });
  outbox.refuse({ type: 'ERROR', code: 'limit_exceeded', error: 'too many values' });
  ack('c');
  ack('d');
  expect(idsOf(texts)).toEqual([['a'], ['b', 'c', 'd'], ['b'], ['c'], ['d']]);
  await refused;
});

describe('a batch that fails as a whole', () => {
  test('once is sent again as a whole: it costs no further texts', async () => {
    const { publish, ack, outbox, timers, texts } = world();
    for (const id of ['a', 'b', 'c']) void publish(id);
    ack('a');
    outbox.failed();
    await timers.advance(10_000);
    expect(idsOf(texts)).toEqual([['a'], ['b', 'c'], ['b', 'c']]);
  });

  test('because of a rate limit is not sent singly, however often', async () => {
    const { publish, ack, outbox, timers, texts } = world();
    for (const id of ['a', 'b', 'c']) void publish(id);
    ack('a');
    for (let tries = 0; tries < 3; tries++) {
      outbox.refuse({ type: 'ERROR', code: 'rate_limited', error: 'slow down', retry_after_ms: 100 });
      await timers.advance(1_000);
    }
    expect(idsOf(texts).slice(1)).toEqual(Array.from({ length: 4 }, () => ['b', 'c']));
  });

  test('again and again is sent singly, and later messages are not', async () => {
    const { publish, ack, outbox, timers, texts } = world();
    for (const id of ['a', 'b', 'c']) void publish(id);
    ack('a');
    for (let tries = 0; tries < 2; tries++) {
      outbox.failed();
      await timers.advance(10_000);
    }
    for (const id of ['d', 'e']) void publish(id);
    ack('b');
    ack('c');
    expect(idsOf(texts).slice(3)).toEqual([['b'], ['c'], ['d', 'e']]);
  });
});
