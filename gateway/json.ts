/**
 * Guards for values that come from outside: the template, function results, requests.
 * Unknown in, typed out; nothing is trusted by a cast.
 */

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** An object, or an empty one when the value is something else. */
export function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** A list, or an empty one when the value is something else. */
export function listOr(value: unknown): unknown[] {
  return isList(value) ? value : [];
}

/** The parsed text, or `undefined` when it is not JSON (which `null` is). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Errors are told by their shape: one from another realm (a thread, a `vm` context) is no `instanceof Error`. */
export function messageOf(error: unknown): string {
  return isObject(error) && typeof error.message === 'string' ? error.message : String(error);
}

/** The code of a system error such as `EADDRINUSE`. */
export function codeOf(error: unknown): string | undefined {
  return isObject(error) && typeof error.code === 'string' ? error.code : undefined;
}
