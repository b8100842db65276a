/** DER signatures become r and s; anything that is not exactly one signature is refused. */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { rawSignature } from '../../tokens/der';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A DER signature with these numbers, however long. */
function der(r: number[], s: number[]): Uint8Array {
  const body = [0x02, r.length, ...r, 0x02, s.length, ...s];
  return Uint8Array.from([0x30, body.length, ...body]);
}

test('the outcome verifies as what JWS wants, whatever the lengths of the numbers', () => {
  // Short numbers and a leading zero each come about once in 256 and once in 2 signatures.
  for (let index = 0; index < 1_000; index += 1) {
    const message = Buffer.from(String(index));
    const raw = rawSignature(sign('sha256', message, privateKey));
    expect(raw).toHaveLength(64);
    expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
  }
});

test('numbers are padded on the left, and a zero for the sign is dropped', () => {
  const raw = rawSignature(der([0x01], [0x00, 0xff, ...Array<number>(31).fill(0xee)]));
  expect([...raw]).toEqual([...Array<number>(31).fill(0), 1, 0xff, ...Array<number>(31).fill(0xee)]);
});

const valid = der([0x01], [0x02]);
test.each([
  ['nothing', Uint8Array.of()],
  ['another tag', Uint8Array.from([0x31, ...valid.slice(1)])],
  ['too long a sequence', Uint8Array.from([0x30, valid[1]! + 1, ...valid.slice(2)])],
  ['something behind it', Uint8Array.from([...valid, 0])],
  ['a third number', Uint8Array.from([0x30, 9, ...valid.slice(2), 0x02, 1, 3])],
  ['only one number', Uint8Array.from([0x30, 3, 0x02, 1, 1])],
  ['an empty number', der([], [1])],
  ['a negative number', der([0x80], [1])],
  ['a needless zero', der([0, 1], [1])],
  ['zero', der([0], [1])],
  ['a number over 32 bytes', der(Array<number>(33).fill(1), [1])],
  ['another inner tag', Uint8Array.from([0x30, 6, 0x04, 1, 1, 0x02, 1, 1])],
  ['a number that runs out', Uint8Array.from([0x30, 6, 0x02, 1, 1, 0x02, 9, 1])],
])('%s is refused', (_case, bytes) => {
  expect(() => rawSignature(bytes)).toThrow('Not a DER signature');
});
