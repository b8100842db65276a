/**
 * What the functions of a deployed stack have logged, for the page. AWS bills each search, so these paths answer only requests with
 * the key that the page got with its session: another page can send a request, but cannot read the session.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Line } from '../explain/explanation';
import { answer, messageOf } from './answer';

/** A message of a channel, in its log. */
export interface LoggedMessage {
  readonly id: string;
  readonly epoch: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

export interface CostPoint {
  /** Epoch seconds, where the step begins. */
  readonly at: number;
  readonly dollarsPerHour: number;
}

/** Rejects with an error whose message is for the page. */
export interface LogSource {
  /** All lines that are about the message. */
  lines(message: LoggedMessage): Promise<readonly Line[]>;
  /** What the text messages and requests of the tenant cost, oldest first. */
  cost(): Promise<readonly CostPoint[]>;
}

export const linesPath = '/_console/lines';
export const costPath = '/_console/cost';
export const keyHeader = 'x-console-key';

export class LogPages {
  /** Of this process. */
  readonly key = randomBytes(24).toString('base64url');

  constructor(private readonly source: LogSource) {}

  /** Answers a request for one of the two paths. */
  async answer(pathname: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers[keyHeader] !== this.key) {
      answer(response, 403, { message: 'This path is for the page of this console only; load it again.' });
      return;
    }
    try {
      if (pathname === costPath) answer(response, 200, { points: await this.source.cost() });
      else await this.answerLines(request, response);
    } catch (error) {
      answer(response, 502, { message: messageOf(error, 'The log lines cannot be read.') });
    }
  }

  private async answerLines(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URLSearchParams((request.url ?? '').split('?')[1]);
    const [id, epoch, timestamp] = ['id', 'epoch', 'timestamp'].map((name) => query.get(name) ?? '');
    if (!id || !epoch || !timestamp || !Number.isSafeInteger(Number(timestamp)))
      answer(response, 400, { message: 'A message has an id, an epoch and a timestamp.' });
    else
      answer(response, 200, { lines: await this.source.lines({ id, epoch, timestamp: Number(timestamp) }) });
  }
}
