/** What the look gives; `undefined` when it throws: a getter or a Proxy of the user may. */
export function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
