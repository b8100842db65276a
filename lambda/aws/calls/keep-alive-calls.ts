/**
 * Small HTTP calls to one endpoint over sockets that are kept: each with its own timer, none rejects. On the sockets
 * themselves, as `node:http` takes most of a post's processor time (docs/adr/013-posts-on-plain-sockets.md).
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { KeptSocket, type PendingCall, type SocketEvents } from './kept-socket';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Without a line end in them: they are written as they are. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
}

/** `status` as soon as an answer was read; a `systemCode` if the socket failed; neither if time ran out. */
export interface Answer {
  readonly status: number | undefined;
  /** Its `Date` header. */
  readonly date: string | undefined;
  readonly systemCode: string | undefined;
}

export class KeepAliveCalls {
  /** The one that was used last is taken first, so that the others can grow old. */
  private readonly idle: KeptSocket[] = [];
  private readonly waiting = new Set<PendingCall>();
  private sockets = 0;
  private readonly connect: () => Socket;

  constructor(
    endpoint: URL,
    private readonly maxSockets: number,
  ) {
    this.connect = connector(endpoint);
  }

  call(call: Call): Promise<Answer> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(pending);
        if (pending.socket === undefined) pending.settle(undefined, undefined);
        else pending.socket.giveUp();
      }, call.timeoutMs);
      let isSettled = false;
      const pending: PendingCall = {
        request: requestText(call),
        socket: undefined,
        settle: (read, systemCode) => {
          if (isSettled) return;
          isSettled = true;
          clearTimeout(timer);
          resolve({ status: read?.status, date: read?.date, systemCode });
        },
      };
      this.begin(pending);
    });
  }

  private begin(call: PendingCall): void {
    const socket = this.idle.pop();
    if (socket !== undefined) socket.serve(call);
    else if (this.sockets < this.maxSockets) this.restart(call);
    else this.waiting.add(call);
  }

  private restart(call: PendingCall): void {
    this.sockets += 1;
    new KeptSocket(this.connect(), this.events).serve(call);
  }

  private readonly events: SocketEvents = {
    free: (socket) => {
      const next = this.nextWaiting();
      if (next === undefined) this.idle.push(socket);
      else socket.serve(next);
    },
    ended: (socket, stale) => {
      this.sockets -= 1;
      const place = this.idle.indexOf(socket);
      if (place !== -1) this.idle.splice(place, 1);
      // The server closed the kept socket while the call was on its way. Not on another kept one: it may be as old.
      const next = stale ?? this.nextWaiting();
      if (next !== undefined) this.restart(next);
    },
  };

  private nextWaiting(): PendingCall | undefined {
    const [next] = this.waiting;
    if (next !== undefined) this.waiting.delete(next);
    return next;
  }
}

function requestText({ method, path, headers, body }: Call): string {
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const name in headers) head += `${name}: ${headers[name] ?? ''}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function connector({ protocol, hostname, port }: URL): () => Socket {
  // An IPv6 address stands in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:') return () => connectPlain({ host, port: Number(port || 80) });
  let session: Buffer | undefined;
  return () => {
    const socket = connectSecure({
      host,
      port: Number(port || 443),
      ALPNProtocols: ['http/1.1'],
      // A name is what the certificate is for; an address is not sent.
      ...(isIP(host) === 0 && { servername: host }),
      ...(session && { session }),
    });
    // Later handshakes take less of both sides; what came of one that failed is not to be trusted.
    socket.on('session', (latest) => (session = latest));
    socket.on('close', (hadError) => {
      if (hadError) session = undefined;
    });
    return socket;
  };
}
