/**
 * Keeps web pages away from a gateway on a developer's machine. A page reaches its port in two ways: by asking from its own
 * origin, which browsers then name, and by pointing its own host name at 127.0.0.1 (DNS rebinding), which the Host header shows.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether the client has asked for this machine by name. A gateway that listens on other addresses has other names, too. */
export function isForThisMachine({ headers }: IncomingMessage, listensOn: string): boolean {
  const isLocal = listensOn === 'localhost' || listensOn === '::1' || listensOn.startsWith('127.');
  return !isLocal || loopback.test(headers.host ?? '');
}

/** Whether a page asks for what is not for it: `/_aws` is for programs, `/_gateway` also for the pages of this process. */
export function isRefusedToPage(request: IncomingMessage, path: string, secret: PageSecret): boolean {
  if (!isFromPage(request)) return false;
  if (path.startsWith('/_aws/')) return true;
  return path.startsWith('/_gateway/') && (isFromOtherSite(request) || !secret.isShownBy(request));
}

/** Only browsers send these headers: an Origin with every request but the plain reading of a page, and, those of today, the site. */
function isFromPage({ headers }: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  return origin !== undefined || (site !== undefined && site !== 'none');
}

function isFromOtherSite({ headers }: IncomingMessage): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return true;
  return site !== undefined && site !== 'same-origin';
}

/** A cookie that the gateway sends with its own pages and that no script can read. Each process makes its own. */
export class PageSecret {
  private readonly value = randomBytes(24).toString('base64url');

  giveTo(request: IncomingMessage, response: ServerResponse): void {
    const cookie = `${cookieName(request)}=${this.value}`;
    response.setHeader('Set-Cookie', `${cookie}; Path=/_gateway; HttpOnly; SameSite=Strict`);
  }

  isShownBy(request: IncomingMessage): boolean {
    const expected = Buffer.from(`${cookieName(request)}=${this.value}`);
    const shown = (request.headers.cookie ?? '').split('; ').map((cookie) => Buffer.from(cookie));
    return shown.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
  }
}

/** Browsers give the cookies of a host to all of its ports. */
function cookieName({ headers }: IncomingMessage): string {
  return `artcafe-gateway-${/:(\d+)$/.exec(headers.host ?? '')?.[1] ?? 'page'}`;
}
