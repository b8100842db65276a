/**
 * Why there is no connection, in words that hold no token: what the platforms and the servers on the way say of a handshake
 * that has failed.
 */
import { type ErrorCode, PubSubError } from './errors';

/** What is known of a handshake that has failed. */
export interface Failure {
  /** Of the HTTP answer, when there was one that the platform lets us see. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** As the platform gives it. */
  readonly error?: unknown;
}

/** As far as a thrown value is one. */
interface Thrown {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

const deepest = 4;
const longestRestS = 300;
const secrets = /\?[^\s'"<>]+|\btoken=[^\s'"<>]*|\beyJ[\w.-]+/gi;

/** By the HTTP status; every other one means `unavailable`. */
const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  429: 'rate_limited',
};

/** By what Node says, the first that fits. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/CERT|SIGNATURE|certificate/, 'the certificate is not valid or not trusted'],
  [/ENOTFOUND|EAI_/, 'no such server'],
  [/ECONNREFUSED/, 'nothing listens there'],
  [/EPROTO|_SSL_/, 'no TLS at this port'],
];

/** What was thrown, as an error that may be shown: without query strings and tokens. Never throws. */
export function withoutSecrets(thrown: unknown, depth = 0): Error {
  try {
    const { message, code, cause, errors = [] } = (thrown ?? {}) as Thrown;
    // Where several addresses were tried, the first failure stands for all.
    const inner = cause ?? errors[0];
    const error = new Error(String([message, code, thrown].find(Boolean)).replace(secrets, '…'));
    if (inner !== undefined && depth < deepest) error.cause = withoutSecrets(inner, depth + 1);
    return code === undefined ? error : Object.assign(error, { code });
  } catch {
    return new Error('unknown');
  }
}

/** The status in the words of `ws`, for classes that show it nowhere else. */
export function statusIn(message: unknown): number {
  return Number(/^Unexpected server response: (\d{3})$/.exec(String(message))?.[1] ?? 0);
}

/** What a failed handshake means. */
export function refusal({ error, headers, status = 0 }: Failure): PubSubError {
  const cause = withoutSecrets(error ?? new Error(`Unexpected server response: ${status}`));
  const known = status || statusIn(cause.message);
  const code = codes[known] ?? 'unavailable';
  const restS = Math.min(Number(headers?.['retry-after'] ?? 0), longestRestS);
  return new PubSubError(code, `No connection: ${reasonOf(known, headers) ?? wordsFor(cause)}`, {
    cause,
    retryAfterMs: restS > 0 ? restS * 1_000 : undefined,
  });
}

function reasonOf(status: number, headers: Failure['headers']): string | undefined {
  if (status === 0) return undefined;
  const [origin = 'another address'] = /^\w+:\/\/[^/?#@\s]+(?=[/?#]|$)/.exec(String(headers?.location)) ?? [];
  if (status < 300) return `no WebSocket there, or a captive portal (${status})`;
  if (status < 400) return `redirected to ${origin} (${status})`;
  return `${status === 407 ? 'a proxy wants a password, ' : ''}HTTP status ${status}`;
}

function wordsFor(error: Error): string {
  const said = [error, error.cause]
    .map((each) => `${String((each as Thrown | undefined)?.code)} ${String(each)}`)
    .join();
  const [, words = error.message] = reasons.find(([sign]) => sign.test(said)) ?? [];
  return words;
}
