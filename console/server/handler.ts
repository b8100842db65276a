/**
 * Answers the requests of the console's page: its built files, the session (where the bus is, and a fresh token), and what log
 * lines of a deployed stack say. The same handler runs in the laptop gateway and in `serve`.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { answer, messageOf, protection } from './answer';
import { costPath, linesPath, LogPages, type LogSource } from './log-pages';

/** `observer` reads its tenant and writes nothing. `operator` sends messages and ends connections. */
export type ConsoleRole = 'observer' | 'operator';

export interface ConsoleOptions {
  /** Base URL of the bus, or the path of the bus on the console's own address, such as `/v1`. */
  readonly url: string;
  /** What is watched, such as the name of the stack; the page shows it. */
  readonly name: string;
  /** Default: `demo`. On the laptop the page may ask for another one. */
  readonly tenant?: string;
  /** Whether `/_gateway` of the laptop gateway is on the same address. */
  readonly isLaptop?: boolean;
  /** Gives a fresh token. Without `operator` in `roles` it is asked for observers only. */
  readonly mint: (role: ConsoleRole, tenant: string) => Promise<string>;
  /** Default: `observer` alone. */
  readonly roles?: readonly ConsoleRole[];
  /** Log lines of a deployed stack, of the tenant that is watched. Without them the page shows neither ways of messages nor costs. */
  readonly logs?: LogSource;
}

/** Answers a request and returns true, or leaves it to others and returns false. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

export const sessionPath = '/_console/session';

const types: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

const dist = path.join(__dirname, '../dist');

/** @param folder - of the built page */
export function consoleHandler(options: ConsoleOptions, folder = dist): PageHandler {
  const policy = contentPolicy(options.url);
  const logs = options.logs && new LogPages(options.logs);
  const files = new Map<string, Buffer>();
  return (request, response) => {
    const [pathname = '/'] = (request.url ?? '/').split('?');
    const isOfLogs = logs !== undefined && (pathname === linesPath || pathname === costPath);
    if (pathname === sessionPath || isOfLogs) {
      if (isFromOtherSite(request)) answer(response, 403, { message: 'This path is for the console only.' });
      else if (isOfLogs) void logs.answer(pathname, request, response);
      else void openSession(options, logs?.key, request, response);
      return true;
    }
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const type = types[name];
    if (type === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    const content = files.get(name) ?? readPart(folder, name);
    if (content === undefined) {
      answer(response, 503, { message: 'The console is not built. Run: npm run build' });
      return true;
    }
    files.set(name, content);
    response.writeHead(200, {
      'Content-Type': type,
      'Content-Length': content.length,
      'Cache-Control': 'no-cache',
      ...protection,
      'Content-Security-Policy': policy(request.headers.host ?? ''),
    });
    response.end(request.method === 'HEAD' ? undefined : content);
    return true;
  };
}

/** Scripts and styles of this address only; connections to this address and to the bus. */
function contentPolicy(url: string): (host: string) => string {
  const bus = URL.canParse(url) ? new URL(url).origin.replace(/^http/, 'ws') : undefined;
  return (host) =>
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      `connect-src 'self' ${bus ?? ownSockets(host.replace(/[^\w.:[\]-]/g, ''))}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; ');
}

function ownSockets(host: string): string {
  return `ws://${host} wss://${host}`;
}

/** Browsers say from which page a request comes. Programs of this machine send neither header. */
export function isFromOtherSite({ headers }: IncomingMessage): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return true;
  return site !== undefined && site !== 'same-origin';
}

async function openSession(
  options: ConsoleOptions,
  logsKey: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { url, name, isLaptop = false, roles = ['observer'] } = options;
  const query = new URLSearchParams((request.url ?? '').split('?')[1]);
  const role = query.get('role') ?? 'observer';
  const isKnown = role === 'observer' || role === 'operator';
  if (!isKnown || !roles.includes(role)) {
    answer(response, 403, { message: 'This console mints no such token.' });
    return;
  }
  const own = options.tenant ?? 'demo';
  const asked = isLaptop ? query.get('tenant') : null;
  const tenant = asked === null || asked === '' ? own : asked;
  try {
    const token = await options.mint(role, tenant);
    answer(response, 200, { url, name, tenant, is_laptop: isLaptop, roles, token, logs_key: logsKey });
  } catch (error) {
    answer(response, 500, { message: messageOf(error, 'No token could be minted.') });
  }
}

function readPart(folder: string, name: string): Buffer | undefined {
  const file = path.join(folder, name);
  return existsSync(file) ? readFileSync(file) : undefined;
}
