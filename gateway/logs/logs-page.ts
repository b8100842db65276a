/** `GET /_gateway/logs?since=CURSOR&contains=TEXT`: the log lines of the functions. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { reply } from '../http/http-reply';
import type { LogLines } from './log-lines';

export const logsPath = '/_gateway/logs';

export function serveLogs(request: IncomingMessage, response: ServerResponse, logs: LogLines): void {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const since = query.get('since') ?? '0';
  if (request.method !== 'GET') {
    reply(response, 405, { message: 'GET reads the log lines.' }, { Allow: 'GET' });
  } else if (!/^\d{1,15}$/.test(since)) {
    reply(response, 400, { message: '"since" is the "next" of an earlier answer.' });
  } else {
    reply(response, 200, logs.read({ since: Number(since), contains: query.get('contains') ?? '' }));
  }
}
