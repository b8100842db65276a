/** Our HMAC against Node's, and against the published test cases of RFC 4231. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { HmacSha256 } from '../../lambda/adapters/hmac-sha256';

test.each([
  [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    Buffer.from('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
])('RFC 4231 (%#)', (key, text, expected) => {
  expect(new HmacSha256(key).sign(text)).toBe(expected);
});

test('equals Node’s for any key up to a block and texts of any length, one after another', () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 1_000 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), texts, (key, all) => {
      const ours = new HmacSha256(key);
      for (const text of all) {
        expect(ours.sign(text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
      }
    }),
    { numRuns: 2_000 },
  );
});
