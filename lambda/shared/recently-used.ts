/** Bounds what an environment remembers of agents, tenants and tokens: what was used longest ago is forgotten. */

const maxRemembered = 5_000;

/** Puts the entry last; the first one goes when there are too many. */
export function putLast<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
