/**
 * Sizes in UTF-8 without TextEncoder, which Jest's jsdom does not have.
 */

/** Bytes of a text without lone surrogates, such as JSON. */
export function byteLength(value: string): number {
  let bytes = value.length;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    // The two halves of a pair make four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** The whole characters that fit into the bytes. */
export function cutToBytes(value: string, maxBytes: number): string {
  let start = '';
  for (const character of value) {
    if (byteLength(start + character) > maxBytes) break;
    start += character;
  }
  return start;
}
