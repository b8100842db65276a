/**
 * How several frames become one text.
 */
import { limits } from './limits';

/**
 * LVL-1. Frames as as few texts as fit: a frame alone as it is, several as an array of at most 32,768 bytes, which are billed
 * as one message. Order is kept.
 */
export function packFrames(frames: readonly string[], maxBytes: number = limits.frameBytes): string[] {
  return pack(frames, maxBytes).map((group) => (group.length === 1 ? (group[0] ?? '') : `[${group.join()}]`));
}

/** Groups texts so that each group, as an array, has at most `maxBytes`. A text that is larger by itself is a group of its own. */
export function pack(texts: readonly string[], maxBytes: number): string[][] {
  const groups: string[][] = [];
  let bytes = Infinity;
  for (const text of texts) {
    // One byte for the comma; the brackets are those of the first one.
    const more = byteLength(text) + 1;
    const group = groups.at(-1);
    if (group === undefined || bytes + more > maxBytes) {
      groups.push([text]);
      bytes = more + 1;
    } else {
      group.push(text);
      bytes += more;
    }
  }
  return groups;
}

const encoder = new TextEncoder();
function byteLength(text: string): number {
  return encoder.encode(text).length;
}
