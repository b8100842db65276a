/**
 * ECDSA over a digest (MessageType DIGEST of KMS). Node can only sign messages, which it hashes itself, so the
 * algorithm is implemented here; Node does the curve arithmetic.
 */
import { createECDH, type KeyObject } from 'node:crypto';

/** Order of the P-256 group. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** DER signature of a 32-byte digest by a P-256 key. */
export function signDigest(digest: Buffer, privateKey: KeyObject): Buffer {
  const secret = toNumber(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  for (;;) {
    const nonce = createECDH('prime256v1');
    // Uncompressed point: one format byte, then 32 bytes of x.
    const r = toNumber(nonce.generateKeys().subarray(1, 33)) % order;
    const s = (inverse(toNumber(nonce.getPrivateKey())) * (toNumber(digest) + r * secret)) % order;
    if (r !== 0n && s !== 0n) return sequence(integer(r), integer(s));
  }
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** By Fermat's little theorem, as the order is a prime. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value % order;
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

/** DER integers are signed: a leading bit of 1 needs a zero byte in front. */
function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const padded = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, padded.length]), padded]);
}

function sequence(...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}
