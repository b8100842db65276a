/** Answers of the console's server, as JSON. */
import type { ServerResponse } from 'node:http';

export const protection = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

export function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...protection,
  });
  response.end(text);
}

export function messageOf(error: unknown, otherwise: string): string {
  return error instanceof Error ? error.message : otherwise;
}
