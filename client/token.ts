/**
 * Where the token comes from, and what can be read of it without its key.
 */
import { deferred } from './deferred';
import { PubSubError } from './errors';
import type { Timers } from './timers';

const patienceMs = 30_000;

/** A token, or what gets a fresh one: called for every connection. */
export type TokenSource = string | (() => string | Promise<string>);

/** For one connection. `serverNow` in epoch milliseconds. Throws `token_expired` for a plain one that has, `timeout`, and what the function throws. */
export async function freshToken(source: TokenSource, timers: Timers, serverNow: number): Promise<string> {
  if (typeof source === 'string') {
    if ((expiryOf(source) ?? Infinity) <= serverNow) throw new PubSubError('token_expired');
    return source;
  }
  const late = deferred<never>();
  const cancel = timers.after(patienceMs, () => {
    late.reject(new PubSubError('timeout', 'No token'));
  });
  try {
    return await Promise.race([source(), late.promise]);
  } finally {
    cancel();
  }
}

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
