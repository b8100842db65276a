/**
 * Reads JSON that a stranger wrote.
 * Depth is checked without recursion: `JSON.parse` accepts 100,000 levels, `JSON.stringify` overflows the stack on them.
 */
import { limits } from './limits';

export type JsonObject = Record<string, unknown>;

export type JsonReading =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string };

/** Parses the text. The error is for people; it never repeats the text. */
export function readJson(text: string): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, error: 'Invalid JSON format' }; // ERR-1
  }
  return { ok: true, value };
}

/** What is wrong with a value that is to be stored and sent on, or `undefined`. */
export function storageComplaint(value: unknown): string | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const item of level) {
      // 1e400 reads as Infinity, which JSON can't write: it would arrive as null.
      if (typeof item === 'number' && !Number.isFinite(item)) return 'a number is out of range';
      if (typeof item !== 'object' || item === null) continue;
      if (depth > limits.depth) return `nested deeper than ${limits.depth} levels`;
      for (const element of Object.values(item)) next.push(element);
    }
    level = next;
  }
  return undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A `null` counts as absent: serializers of many languages write absent fields so. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
