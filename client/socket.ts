/**
 * The WebSocket that the client stands on: the platform's own, or one that was handed in.
 */
import { PubSubError } from './errors';

/** What every WebSocket class of browsers, Node, Deno, Bun and of `ws` has. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

/** The same with its handlers, and with what only `ws` has. */
export interface Socket extends WebSocketLike {
  onopen: unknown;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: unknown;
  onerror: ((event: { readonly message?: unknown }) => void) | null;
  /** Protocol pings cost nothing and count as no traffic. */
  ping?: () => void;
  on?: (event: 'pong', listener: () => void) => void;
  terminate?: () => void;
}

export const openState = 1;

export function webSocketClass(given: WebSocketClass | undefined): WebSocketClass {
  const found = given ?? (globalThis as { readonly WebSocket?: WebSocketClass }).WebSocket;
  if (found !== undefined) return found;
  throw new Error(
    'This platform has no WebSocket of its own: npm install ws, and new PubSub({ …, WebSocket: ws.WebSocket })',
  );
}

/** The HTTP status of a refused handshake, where the platform lets it be known: `ws` says it in words. */
export function statusIn(message: unknown): number | undefined {
  const [, status] = typeof message === 'string' ? (/\b([45]\d\d)\b/.exec(message) ?? []) : [];
  return status === undefined ? undefined : Number(status);
}

/** What a refused handshake means. */
export function refusal(status: number | undefined): PubSubError {
  const code = status === 401 ? 'unauthorized' : status === 403 ? 'forbidden' : 'unavailable';
  return new PubSubError(code, `No connection: ${status ?? 'not reachable'}`);
}
