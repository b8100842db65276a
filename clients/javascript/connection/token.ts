/**
 * Where the token comes from. What it says is the service's business: the clock of this machine may be wrong.
 */
import { need } from '../shared/checks';
import { PubSubError } from '../shared/errors';
import { withoutSecrets } from './secrets';
import type { Timers } from '../shared/timers';
import { within } from '../shared/within';

/** For the token function to answer. */
export const tokenMs = 30_000;

/** A token, or what gets a fresh one: called for every connection. */
export type TokenSource = string | (() => string | Promise<string>);

/**
 * For one connection. Throws `token_failed` when the function throws or takes longer than 30 s, and `unauthorized` when what
 * it gives can be no token.
 */
export async function freshToken(source: TokenSource, timers: Timers): Promise<string> {
  if (typeof source === 'string') return source;
  let token: string;
  try {
    const given = Promise.resolve(source());
    token = await within(given, timers, { timeout: tokenMs }, (timeout) => {
      return new PubSubError('timeout', `no answer in ${timeout} ms`);
    });
  } catch (thrown) {
    const cause = withoutSecrets(thrown);
    throw new PubSubError('token_failed', `The token function has failed: ${cause.message}`, { cause });
  }
  need('token', { 'token()': token }, 'unauthorized');
  return token;
}

/** `{base}/ws?token=…`, for a base URL as a deployment prints it. */
export function connectUrl(base: string, token: string, echo: boolean): string {
  return `${base.replace(/\/+$/, '')}/ws?token=${encodeURIComponent(token)}${echo ? '' : '&echo=false'}`;
}
