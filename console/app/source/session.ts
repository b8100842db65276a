/** Where the bus is, and fresh tokens for it: given by the server of this page. */
import { signal } from '@preact/signals';

export type Role = 'observer' | 'operator';

export interface Session {
  readonly url: string;
  readonly name: string;
  readonly tenant: string;
  readonly isLaptop: boolean;
  readonly roles: readonly Role[];
  /** For the log lines of a deployed stack; absent where the server of this page does not read them. */
  readonly logsKey: string | undefined;
}

/** `undefined` until the server has answered. */
export const session = signal<Session | undefined>(undefined);
export const sessionError = signal<string | undefined>(undefined);

interface SessionAnswer {
  readonly url: string;
  readonly name: string;
  readonly tenant: string;
  readonly is_laptop: boolean;
  readonly roles: readonly Role[];
  readonly logs_key?: string;
  readonly token: string;
}

async function ask(role: Role): Promise<SessionAnswer> {
  const tenant = new URLSearchParams(location.search).get('tenant') ?? '';
  const answer = await fetch(`/_console/session?role=${role}&tenant=${encodeURIComponent(tenant)}`);
  const body = (await answer.json()) as SessionAnswer & { message?: string };
  if (!answer.ok) throw new Error(body.message ?? `The console's server answers ${answer.status}.`);
  return body;
}

const freshMs = 5 * 60_000;
let cached: { readonly token: string; readonly at: number } | undefined;

/** A token that is at most five minutes old. */
export async function observerToken(): Promise<string> {
  if (cached === undefined || Date.now() - cached.at > freshMs) await openSession();
  return cached?.token ?? '';
}

/** Always a fresh one, as a connection wants it. */
export async function openSession(): Promise<string> {
  try {
    const { is_laptop, logs_key, token, ...rest } = await ask('observer');
    cached = { token, at: Date.now() };
    session.value ??= { ...rest, url: absolute(rest.url), isLaptop: is_laptop, logsKey: logs_key };
    sessionError.value = undefined;
    return token;
  } catch (error) {
    sessionError.value = error instanceof Error ? error.message : String(error);
    throw error;
  }
}

export async function operatorToken(): Promise<string> {
  return (await ask('operator')).token;
}

function absolute(url: string): string {
  return url.startsWith('/')
    ? `${location.protocol.replace('http', 'ws')}//${location.host}${url.replace(/\/$/, '')}`
    : url;
}
