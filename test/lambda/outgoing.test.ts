/** A burst on its way out: one post per message at level 0, and arrays that are billed as one message at level 1. */
import fc from 'fast-check';
import { type Outgoing, toUnits } from '../../lambda/delivery/outgoing';

const outgoing = (texts: readonly string[]): Outgoing[] =>
  texts.map((text) => ({
    textFor: () => JSON.stringify({ content: text }),
    acknowledged: Promise.resolve(),
    echo: undefined,
  }));

test('25 messages of 200 bytes are 25 posts at level 0 and one at level 1', () => {
  const burst = outgoing(Array.from({ length: 25 }, (_, index) => `${index}`.padEnd(200, 'x')));
  expect(toUnits(burst, 0)).toHaveLength(25);
  const units = toUnits(burst, 1);
  expect(units.map(({ messages }) => messages)).toEqual([25]);
  expect(JSON.parse(units[0]!.text)).toHaveLength(25);
});

test('whatever the sizes: in order, each once, and no array above 32 KB', () => {
  const texts = fc.array(
    fc.nat({ max: 40_000 }).map((length) => 'x'.repeat(length)),
    { minLength: 1, maxLength: 25 },
  );
  fc.assert(
    fc.property(texts, (all) => {
      const units = toUnits(outgoing(all), 1);
      const read = units.flatMap(
        ({ text }) => JSON.parse(text) as { content: string } | { content: string }[],
      );
      expect(read.map(({ content }) => content.length)).toEqual(all.map(({ length }) => length));
      for (const { text, messages } of units) {
        if (messages > 1) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32_768);
        else expect(text.startsWith('{')).toBe(true);
      }
      // As few as can be: two neighbours never fit into one.
      units.slice(1).forEach(({ text }, index) => {
        const first = JSON.parse(text) as object | object[];
        const next = JSON.stringify(Array.isArray(first) ? (first as object[])[0] : first);
        expect(units[index]!.text.length + next.length).toBeGreaterThan(32_764);
      });
    }),
    { numRuns: 200 },
  );
});
