import fc from 'fast-check';
import { byteLength, cutToBytes } from '../../clients/javascript/shared/utf8';

const texts = fc.string({ unit: 'binary' });

test('counts as TextEncoder does', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});

test('cuts between characters, at the last one that fits', () => {
  fc.assert(
    fc.property(texts, fc.nat(40), (text, most) => {
      const start = cutToBytes(text, most);
      expect(text.startsWith(start)).toBe(true);
      expect(byteLength(start)).toBeLessThanOrEqual(most);
      const next = text.codePointAt(start.length);
      if (next === undefined) return;
      expect(byteLength(start + String.fromCodePoint(next))).toBeGreaterThan(most);
    }),
  );
});
