/**
 * What only Node shows about a connection: why a handshake failed and, with `ws`, whether the peer still answers.
 * Bundles for browsers hold platform.browser.ts in its place.
 */
import { codeOf, PubSubError } from '../shared/errors';
import { type Thrown, withoutSecrets } from './secrets';
import type { Answer, Socket } from './socket';
import type { Cancel, Timers } from '../shared/timers';

/** The connection, as what watches its socket sees it. */
export interface Watched {
  readonly isOpen: boolean;
  hear(): void;
  suspect(): void;
}

const maxRestS = 300;
const protocolPingMs = 25_000;

/** By what Node says, the first that fits. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/CERT|SIGNATURE|certificate/, 'the certificate is not valid or not trusted'],
  [/ENOTFOUND|EAI_/, 'no such server'],
  [/ECONNREFUSED/, 'nothing listens there'],
  [/EPROTO|_SSL_/, 'no TLS at this port'],
];

/** The status in the words of `ws`, for classes that show it nowhere else. */
export function statusIn(message: unknown): number {
  return Number(/^Unexpected server response: (\d{3})$/.exec(String(message))?.[1] ?? 0);
}

/** What a failed handshake means, by what the platform throws and by the HTTP answer when there was one. */
export function refusal(thrown: unknown, { statusCode = 0, headers }: Answer = {}): PubSubError {
  const cause = withoutSecrets(thrown);
  const status = statusCode || statusIn(cause.message);
  const restS = Math.min(Number(headers?.['retry-after'] ?? 0), maxRestS);
  const reason = status === 0 ? wordsFor(cause) : reasonOf(status, headers);
  return new PubSubError(codeOf(status), `No connection: ${reason}`, {
    cause,
    retryAfterMs: restS > 0 ? restS * 1_000 : undefined,
  });
}

/** Pings of the protocol, which cost nothing. What it gives ends them. */
export function watchSocket(socket: Socket, watched: Watched, timers: Timers): Cancel {
  socket.on?.('pong', () => {
    watched.hear();
  });
  if (socket.ping === undefined || socket.on === undefined) return () => undefined;
  let cancel: Cancel;
  const wait = (): void => {
    cancel = timers.after(protocolPingMs, () => {
      if (watched.isOpen) {
        socket.ping?.();
        watched.suspect();
      }
      wait();
    });
  };
  wait();
  return () => {
    cancel();
  };
}

function reasonOf(status: number, headers: Answer['headers']): string {
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
