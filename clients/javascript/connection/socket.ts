/**
 * The WebSocket that the client stands on: the platform's own, or one that was handed in.
 */
import { need } from '../shared/checks';

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
  onclose: ((event: { readonly code?: unknown }) => void) | null;
  onerror: ((event: { readonly message?: unknown; readonly error?: unknown }) => void) | null;
  /** Protocol pings cost nothing and count as no traffic. */
  ping?: () => void;
  on?: (
    event: 'pong' | 'unexpected-response',
    listener: (request: unknown, response: Answer) => void,
  ) => void;
  terminate?: () => void;
}

/** The HTTP answer to a handshake, when it is no 101. */
export interface Answer {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
}

export const openState = 1;

/** Node 20 has none of its own. */
export function webSocketClass(given: WebSocketClass | undefined): WebSocketClass {
  const WebSocket = given ?? (globalThis as unknown as { readonly WebSocket: WebSocketClass }).WebSocket;
  need('class', { WebSocket });
  return WebSocket;
}
