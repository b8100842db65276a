/** A look over a text tells what parsing it would. */
import fc from 'fast-check';
import { scanJson } from '../../protocol/scan-json';
import { parseText } from '../../protocol/index';

/** The same by parsing. */
function measured(value: unknown): { depth: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 0 };
  const inside = Object.values(value).map(measured);
  return {
    depth: 1 + Math.max(0, ...inside.map(({ depth }) => depth)),
    values: inside.reduce((sum, { values }) => sum + values, inside.length * (Array.isArray(value) ? 1 : 2)),
  };
}

test('counts levels and values as parsing does, whatever stands in the strings', () => {
  const json = fc.tuple(fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }), fc.constantFrom(0, 1, '\t'));
  fc.assert(
    fc.property(json, ([value, indent]) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(scanJson(text)).toMatchObject(measured(JSON.parse(text)));
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['{"id":"m1","content":1}', 'm1'],
  ['{"content":{"id":"inner"},"id" : "m1"}', 'm1'],
  ['{"content":"\\"id\\":\\"fake\\"","id":"m1"}', 'm1'],
  ['{"content":"\\\\","id":"a\\"b"}', 'a"b'],
  ['{"id":"first","id":"m1"}', 'm1'],
  [' {"id":-7.5e2}', -750],
  ['{"id":{"id":"inner"}}', undefined],
  ['{"x":"id"}', undefined],
  ['[{"id":"m1"}]', undefined],
  ['{"id":"', undefined],
  ['"id":"m1"', undefined],
])('finds the id of the frame in %s', (text, id) => {
  expect(scanJson(text).id).toBe(id);
});

test('a text that is too much is refused with the frame’s id', () => {
  const deep = (levels: number) => `{"content":${'['.repeat(levels)}${']'.repeat(levels)},"id":"m1"}`;
  expect(parseText(deep(60_000))).toMatchObject([{ error: { code: 'invalid_message', messageId: 'm1' } }]);
  const wide = `{"content":[${Array<string>(9_000).fill('{}').join()}],"id":"m1"}`;
  expect(parseText(wide)).toMatchObject([{ error: { code: 'limit_exceeded', messageId: 'm1' } }]);
});

test.each([130_000, 1_000_000])('takes a moment for %i backslashes, quotes and commas', (length) => {
  for (const part of ['\\', '"', '\\"', '"\\', ',', '{"id":', '"id":"', '"id":"\\', ' ']) {
    const start = performance.now();
    scanJson(`{"a":"${part.repeat(length / part.length)}`);
    // Anything that were not linear would take minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  }
});
