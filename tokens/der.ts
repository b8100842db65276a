/**
 * Converts ECDSA signatures from DER, which KMS returns (SEQUENCE of two INTEGERs), to r and s of 32 bytes each,
 * which JWS needs. Strict: anything other than one P-256 signature in DER is rejected.
 */

const size = 32;
const sequenceTag = 0x30;
const integerTag = 0x02;

/** @throws Error when the bytes are not a DER signature of a P-256 key */
export function rawSignature(der: Uint8Array): Uint8Array {
  // Two numbers of at most 33 bytes: the length always fits into one byte below 0x80.
  if (der[0] !== sequenceTag || der[1] !== der.length - 2) throw malformed();
  const r = readInteger(der, 2);
  const s = readInteger(der, r.end);
  if (s.end !== der.length) throw malformed();
  const raw = new Uint8Array(2 * size);
  raw.set(r.digits, size - r.digits.length);
  raw.set(s.digits, 2 * size - s.digits.length);
  return raw;
}

/** A positive INTEGER in its shortest form, without the leading zero of the sign. */
function readInteger(der: Uint8Array, start: number): { digits: Uint8Array; end: number } {
  const length = der[start + 1] ?? 0;
  const end = start + 2 + length;
  const content = der.subarray(start + 2, end);
  const [first = 0, second = 0] = content;
  if (der[start] !== integerTag || length === 0 || content.length !== length) throw malformed();
  if (first >= 0x80) throw malformed();
  if (first === 0 && second < 0x80) throw malformed();
  const digits = first === 0 ? content.subarray(1) : content;
  if (digits.length > size) throw malformed();
  return { digits, end };
}

function malformed(): Error {
  return new Error('Not a DER signature of a P-256 key.');
}
