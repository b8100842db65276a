/**
 * Keeps web pages away from a gateway on a developer's machine. A page reaches its port in two ways: by asking from its own
 * origin, which browsers then name, and by pointing its own host name at 127.0.0.1 (DNS rebinding), which the Host header shows.
 */
import type { IncomingMessage } from 'node:http';

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether the client has asked for this machine by name. A gateway that listens on other addresses has other names, too. */
export function isForThisMachine({ headers }: IncomingMessage, listensOn: string): boolean {
  const isLocal = listensOn === 'localhost' || listensOn === '::1' || listensOn.startsWith('127.');
  return !isLocal || loopback.test(headers.host ?? '');
}

/**
 * Whether the request comes from a page that is not the gateway's own. Only browsers send these headers: an Origin with every
 * request but the plain reading of a page, and, those of today, where each request comes from.
 */
export function isFromOtherSite({ headers }: IncomingMessage): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return true;
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
