/** Guards for external values: the template, function results, requests. They check instead of casting. */

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** The value if it is an object, otherwise an empty object. */
export function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value if it is a list, otherwise an empty list. */
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

/** The value at a path such as `$.record.status`, `$.detail-type` or `$.ids[0]`. */
export function valueAt(root: JsonObject, path: string): unknown {
  let value: unknown = root;
  for (const [, name, index] of path.matchAll(/\.([\w-]+)|\[(\d+)\]/g)) {
    if (name !== undefined) value = isObject(value) ? value[name] : undefined;
    else value = isList(value) ? value[Number(index)] : undefined;
  }
  return value;
}

/**
 * Errors are recognized by their properties: an error of another realm (a thread, a `vm` context) is not an
 * `instanceof Error`.
 */
export function messageOf(error: unknown): string {
  return isObject(error) && typeof error.message === 'string' ? error.message : String(error);
}

/** The code of a system error such as `EADDRINUSE`. */
export function codeOf(error: unknown): string | undefined {
  return isObject(error) && typeof error.code === 'string' ? error.code : undefined;
}
