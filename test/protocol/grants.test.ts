/** What a `channels` claim allows. */
import fc from 'fast-check';
import { allChannels, type Grants, isGranted, parseGrants } from '../../protocol/index';

const grants = (claim: unknown): Grants => {
  const parsed = parseGrants(claim);
  if (parsed === undefined) throw new Error('refused');
  return parsed;
};

test('a name grants itself, a prefix what begins with it, for every operation', () => {
  const list = grants(['a', 'b.*']);
  expect(isGranted(list, 'a', 'publish')).toBe(true);
  expect(isGranted(list, 'a.1', 'publish')).toBe(false);
  expect(isGranted(list, 'b.', 'history')).toBe(true);
  expect(isGranted(list, 'b.x.y', 'subscribe')).toBe(true);
  expect(isGranted(list, 'b', 'subscribe')).toBe(false);
});

test('a map grants only what it lists', () => {
  const map = grants({ a: ['publish'], 'a*': ['subscribe'], z: [] });
  expect(isGranted(map, 'a', 'publish')).toBe(true);
  expect(isGranted(map, 'a', 'subscribe')).toBe(true);
  expect(isGranted(map, 'ab', 'publish')).toBe(false);
  expect(isGranted(map, 'z', 'publish')).toBe(false);
});

test('reserved channels go by their exact names', () => {
  expect(isGranted(grants(['*']), '$presence', 'presence')).toBe(false);
  expect(isGranted(grants(['$presence']), '$presence', 'presence')).toBe(true);
  expect(isGranted(allChannels, '$presence', 'subscribe')).toBe(true);
  expect(isGranted(allChannels, '$inbox', 'subscribe')).toBe(false);
});

test.each([
  undefined,
  null,
  7,
  '*',
  [7],
  ['a b'],
  ['a**'],
  ['*a'],
  ['$*'],
  [''],
  { a: 'publish' },
  { a: ['admin'] },
])('refuses the claim %j', (claim) => {
  expect(parseGrants(claim)).toBeUndefined();
});

test('no list grants a channel that none of its patterns begins', () => {
  const name = fc.stringMatching(/^[a-c._]{1,4}$/);
  const pattern = fc.tuple(name, fc.boolean()).map(([text, isPrefix]) => (isPrefix ? `${text}*` : text));
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 4 }), name, (patterns, channel) => {
      const expected = patterns.some((p) =>
        p.endsWith('*') ? channel.startsWith(p.slice(0, -1)) : p === channel,
      );
      expect(isGranted(grants(patterns), channel, 'publish')).toBe(expected);
    }),
    { numRuns: 5_000 },
  );
});
