/**
 * Where the token comes from. What it says is the service's business: the clock of this machine may be wrong.
 */
import { need } from './checks';
import { PubSubError } from './errors';
import { withoutSecrets } from './secrets';
import type { Timers } from './timers';
import { within } from './within';

const patienceMs = 30_000;

/** A token, or what gets a fresh one: called for every connection. */
export type TokenSource = string | (() => string | Promise<string>);

/**
 * For one connection. Throws `token_failed` when the function throws or takes longer than 30 s, and `unauthorized` when what
 * it gives can be no token.
 */
export async function freshToken(source: TokenSource, timers: Timers): Promise<string> {
  if (typeof source === 'string') return source;
  // There is no socket yet that holds a Node process.
  const letGo = timers.after(patienceMs, () => undefined, true);
  let token: string;
  try {
    const given = Promise.resolve(source());
    token = await within(given, timers, { timeout: patienceMs }, (timeout) => {
      return new PubSubError('timeout', `no answer in ${timeout} ms`);
    });
  } catch (thrown) {
    const cause = withoutSecrets(thrown);
    throw new PubSubError('token_failed', `The token function has failed: ${cause.message}`, { cause });
  } finally {
    letGo();
  }
  need('token', { 'token()': token }, 'unauthorized');
  return token;
}

/** `{base}/ws?token=…`, for a base URL as a deployment prints it. */
export function connectUrl(base: string, token: string, echo: boolean): string {
  return `${base.replace(/\/+$/, '')}/ws?token=${encodeURIComponent(token)}${echo ? '' : '&echo=false'}`;
}
