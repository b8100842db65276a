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

/** Only browsers send an Origin, with every request but the plain reading of a page. */
export function isFromPage({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined;
}
