/**
 * Small HTTP calls to one endpoint over sockets that are kept: each with its own timer, none rejects.
 */
import {
  Agent as PlainAgent,
  type ClientRequest,
  type OutgoingHttpHeaders,
  request as plain,
} from 'node:http';
import { Agent as SecureAgent, request as secure } from 'node:https';
import { isReset } from '../core/delivery';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
  readonly timeoutMs: number;
}

/** `status` as soon as the head of an answer was read; a `systemCode` if the socket failed; neither if time ran out. */
export interface Answer {
  readonly status: number | undefined;
  readonly systemCode: string | undefined;
}

export class KeepAliveCalls {
  private readonly request: typeof plain;
  private readonly kept: PlainAgent;
  private readonly unused: PlainAgent;
  private readonly host: string;
  private readonly port: number;

  constructor(endpoint: URL, maxSockets: number) {
    const isPlain = endpoint.protocol === 'http:';
    const Agent = isPlain ? PlainAgent : SecureAgent;
    this.request = isPlain ? plain : secure;
    this.kept = new Agent({ keepAlive: true, maxSockets });
    this.unused = new Agent({ keepAlive: false, maxSockets });
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    this.host = endpoint.hostname.replace(/^\[|\]$/g, '');
    this.port = Number(endpoint.port || (isPlain ? 80 : 443));
  }

  call(call: Call): Promise<Answer> {
    return new Promise((resolve) => {
      let request: ClientRequest;
      let status: number | undefined;
      let isSettled = false;
      const settle = (systemCode?: string): void => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        resolve({ status, systemCode });
      };
      const timer = setTimeout(() => {
        settle();
        request.destroy();
      }, call.timeoutMs);
      const begin = (agent: PlainAgent): void => {
        const { method, path, headers, body } = call;
        // Written out: copied options of another shape cost Node a third more per call.
        request = this.request({ host: this.host, port: this.port, agent, method, path, headers });
        request.on('response', (response) => {
          status = response.statusCode;
          // The socket is free for the next call only when the body has been read; a cut body changes nothing.
          response.on('error', () => undefined);
          response.on('close', () => {
            settle();
          });
          response.resume();
        });
        request.on('error', (error: NodeJS.ErrnoException) => {
          // The server closed the kept socket while the call was on its way: it got nowhere, on a socket of no use.
          const wasStale = request.reusedSocket && status === undefined && isReset(error.code);
          if (wasStale && !isSettled) begin(this.unused);
          else settle(error.code);
        });
        request.end(body);
      };
      begin(this.kept);
    });
  }
}
