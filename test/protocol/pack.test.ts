/** Several frames as one text: nothing lost, order kept, nothing larger than it may be. */
import fc from 'fast-check';
import { historyText, pack, packFrames } from '../../protocol/index';

const texts = fc.array(fc.json({ maxDepth: 2 }), { maxLength: 40 });

test('packs every frame once, in order, in arrays that fit', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 200 }), (frames, maxBytes) => {
      const packed = packFrames(frames, maxBytes);
      const groups = pack(frames, maxBytes);
      expect(groups.flat()).toEqual(frames);
      expect(packed).toHaveLength(groups.length);
      for (const [index, text] of packed.entries()) {
        const group = groups[index]!;
        if (group.length === 1) expect(text).toBe(group[0]);
        else {
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
          expect(JSON.parse(text)).toEqual(group.map((frame) => JSON.parse(frame) as unknown));
        }
      }
    }),
  );
});

test('puts as much into an array as fits', () => {
  // "[1,2]" has five bytes, "[1,2,3]" seven.
  expect(packFrames(['1', '2', '3', '4'], 7)).toEqual(['[1,2,3]', '4']);
  expect(packFrames(['1', '2', '3', '4'], 6)).toEqual(['[1,2]', '[3,4]']);
  // A letter outside ASCII has two.
  expect(packFrames(['"ä"', '1'], 8)).toEqual(['["ä",1]']);
  expect(packFrames(['"ä"', '1'], 7)).toEqual(['"ä"', '1']);
  expect(packFrames([], 7)).toEqual([]);
});

test('a part of history holds the messages as they are', () => {
  const part = historyText(
    {
      messageId: 'h',
      channelId: 'c',
      head: { epoch: 'e', sequence: 9 },
      messages: ['{"id":"m1"}', '{"id":"m2"}'],
      gaps: [{ from: 3, to: 4, reason: 'damaged' }],
      part: 1,
      isLast: true,
      next: { epoch: 'e', sequence: 2 },
    },
    0,
  );
  expect(JSON.parse(part)).toEqual({
    type: 'HISTORY',
    message_id: 'h',
    timestamp: '1970-01-01T00:00:00.000Z',
    channel_id: 'c',
    epoch: 'e',
    sequence: 9,
    messages: [{ id: 'm1' }, { id: 'm2' }],
    gaps: [{ from: 3, to: 4, code: 'not_recoverable', reason: 'damaged' }],
    part: 1,
    last: true,
    next: { epoch: 'e', sequence: 2 },
  });
});
