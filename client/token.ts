/**
 * Where the token comes from, and what can be read of it without its key.
 */

/** A token, or what gets a fresh one: called for every connection. */
export type TokenSource = string | (() => string | Promise<string>);

/** Epoch milliseconds, when the token is a JWT that says so. */
export function expiryOf(token: string): number | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const claims: unknown = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
    const { exp } = claims as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

/** `{base}/ws?token=…`, for a base URL as a deployment prints it. */
export function connectUrl(base: string, token: string, echo: boolean): string {
  const url = base.replace(/^http/, 'ws').replace(/\/+$/, '');
  return `${url}/ws?token=${encodeURIComponent(token)}${echo ? '' : '&echo=false'}`;
}
