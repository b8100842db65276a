import fc from 'fast-check';
import { Feed, type LoggedMessage } from '../../clients/javascript/reading/feed';
import { readMessage } from '../../clients/javascript/shared/messages';

const at = Date.parse('2026-11-24T18:00:00.000Z');

function message(sequence: number, fields: Record<string, unknown> = {}): LoggedMessage {
  return readMessage({
    id: `m${sequence}`,
    type: 'message',
    content: sequence,
    agent_id: 'a',
    timestamp: new Date(at + sequence).toISOString(),
    epoch: 'e',
    sequence,
    ...fields,
  }) as LoggedMessage;
}

function drain(feed: Feed): number[] {
  const out: number[] = [];
  for (let next = feed.next(); next !== undefined; next = feed.next()) out.push(next.sequence);
  return out;
}

function started(sequence = 0, isOwn?: (m: { id: string }) => boolean): Feed {
  const feed = new Feed(isOwn);
  feed.start({ epoch: 'e', sequence });
  return feed;
}

test('gives messages in order, whatever order they come in, and each once', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...Array(40).keys()], { minLength: 40 }),
      fc.array(fc.nat(39)),
      (order, again) => {
        const feed = started();
        const out = [...order, ...again, ...order].flatMap((index) => {
          feed.offer(message(index + 1));
          return drain(feed);
        });
        expect(out).toEqual([...Array(40).keys()].map((index) => index + 1));
      },
    ),
  );
});

test('holds back what is behind a hole, and knows that there is one', () => {
  const feed = started();
  feed.offer(message(1));
  feed.offer(message(3));
  expect(drain(feed)).toEqual([1]);
  expect(feed.hasHole).toBe(true);
  feed.offer(message(2));
  expect(drain(feed)).toEqual([2, 3]);
  expect(feed.hasHole).toBe(false);
});

test('drops what is up to the position', () => {
  const feed = started(5);
  feed.offer(message(5));
  feed.offer(message(6));
  expect(drain(feed)).toEqual([6]);
});

test('keeps what comes before the position is known', () => {
  const feed = new Feed();
  feed.offer(message(7));
  feed.offer(message(6));
  expect(drain(feed)).toEqual([]);
  feed.start({ epoch: 'e', sequence: 6 });
  expect(drain(feed)).toEqual([7]);
});

test('drops a repeated id within two minutes of server time, and its sequence counts as seen', () => {
  const feed = started();
  feed.offer(message(1, { id: 'x' }));
  feed.offer(message(2, { id: 'x', timestamp: new Date(at + 100_000).toISOString() }));
  feed.offer(message(3));
  expect(drain(feed)).toEqual([1, 3]);
});

test('takes a repeated id of another agent, or after more than two minutes, for another message', () => {
  const feed = started();
  feed.offer(message(1, { id: 'x' }));
  feed.offer(message(2, { id: 'x', agent_id: 'b' }));
  feed.offer(message(3, { id: 'x', timestamp: new Date(at + 120_100).toISOString() }));
  expect(drain(feed)).toEqual([1, 2, 3]);
});

test('passes over own messages, seen by their ACK or by their id', () => {
  const feed = started(0, ({ id }) => id === 'm2');
  feed.see({ epoch: 'e', sequence: 1 });
  feed.offer(message(2));
  feed.offer(message(1));
  feed.offer(message(3));
  expect(drain(feed)).toEqual([3]);
});

test('learns of a lost tail from the head', () => {
  const feed = started(3);
  feed.learnHead({ epoch: 'e', sequence: 5 });
  expect(feed.hasHole).toBe(true);
  feed.offer(message(4));
  feed.offer(message(5));
  expect(drain(feed)).toEqual([4, 5]);
});

test('goes over a gap, but gives what it has of it', () => {
  const feed = started();
  feed.offer(message(3));
  feed.skip({ from: 1, to: 5 });
  feed.offer(message(6));
  expect(drain(feed)).toEqual([3, 6]);
});

test('takes the first message of a log that was empty for the next one', () => {
  const feed = new Feed();
  feed.start({ epoch: 'empty', sequence: 0 });
  feed.offer(message(2));
  feed.offer(message(1));
  expect(drain(feed)).toEqual([1, 2]);
});

test('holds messages of another epoch back until it is told where that begins', () => {
  const feed = started(9);
  feed.offer(message(4, { epoch: 'f' }));
  expect(drain(feed)).toEqual([]);
  expect(feed.hasHole).toBe(true);
  feed.jump({ epoch: 'f', sequence: 5 });
  expect(drain(feed)).toEqual([4]);
  expect(feed.hasHole).toBe(true);
  feed.offer(message(5, { epoch: 'f' }));
  expect(drain(feed)).toEqual([5]);
});

test('drops late messages of an old epoch', () => {
  const feed = started(9);
  feed.offer(message(4, { epoch: 'old' }));
  feed.settle();
  expect(feed.hasHole).toBe(false);
});

test('an inbox takes older messages that are pushed, once and in order', () => {
  const feed = new Feed();
  feed.start({ epoch: 'e', sequence: 10 }, { acceptsBacklog: true });
  feed.offer(message(11));
  expect(drain(feed)).toEqual([11]);
  for (const sequence of [8, 9, 10, 11]) feed.offer(message(sequence, { replayed: true }));
  feed.offer(message(12));
  expect(drain(feed)).toEqual([8, 9, 10, 12]);
  for (const sequence of [7, 8, 9]) feed.offer(message(sequence, { replayed: true }));
  expect(drain(feed)).toEqual([7]);
  expect(feed.position?.sequence).toBe(12);
});

test('does not keep what is far ahead', () => {
  const feed = started();
  for (let sequence = 2; sequence < 5_000; sequence++) feed.offer(message(sequence));
  feed.offer(message(1));
  expect(drain(feed)).toHaveLength(1_000);
  expect(feed.hasHole).toBe(true);
});
