/**
 * Small HTTP calls to one endpoint over sockets that are kept: each with its own timer, none rejects. On the sockets
 * themselves, as `node:http` takes most of a post's processor time (docs/adr/013-posts-on-plain-sockets.md).
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure, createSecureContext } from 'node:tls';
import { KeptSocket, type SocketEvents } from './kept-socket';
import { type Answer, PendingCall } from './pending-call';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Without a line end in them: they are written as they are. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** For the answer, from when the request is written. */
  readonly timeoutMs: number;
  /** For a socket, before that; `timeoutMs` by default. */
  readonly waitMs?: number | undefined;
}

/** A handshake takes about 1 ms of processor time. With more at once, posts wait longer, and more sockets open than they need. */
const openConcurrency = 4;
/** API Gateway closes idle sockets, and a frozen environment does not notice. */
const maxIdleMs = 20_000;

interface Connector {
  open(): Socket;
  readonly openEvent: 'connect' | 'secureConnect';
}

export class KeepAliveCalls {
  /** The one that was used last is taken first, so that the others grow old. */
  private readonly idle: KeptSocket[] = [];
  private waiting: PendingCall[] = [];
  private sockets = 0;
  private opening = 0;
  /** The first handshake goes alone: those after it resume its TLS session. */
  private hasOpened = false;
  private readonly connector: Connector;

  constructor(
    endpoint: URL,
    private readonly maxSockets: number,
  ) {
    this.connector = connectorTo(endpoint);
  }

  call(call: Call): Promise<Answer> {
    const { timeoutMs, waitMs = timeoutMs } = call;
    return new Promise((resolve) => {
      const leave = (): void => {
        this.waiting = this.waiting.filter((each) => each !== pending);
      };
      const pending: PendingCall = new PendingCall(requestText(call), waitMs, timeoutMs, resolve, leave);
      const socket = this.takeIdle();
      if (socket !== undefined) {
        socket.serve(pending);
        return;
      }
      pending.wait();
      this.waiting.push(pending);
      this.openSockets();
    });
  }

  private takeIdle(): KeptSocket | undefined {
    for (;;) {
      const socket = this.idle.pop();
      if (socket === undefined || performance.now() - socket.idleSince < maxIdleMs) return socket;
      socket.destroy();
    }
  }

  /** As many as the waiting calls need, a few at a time. */
  private openSockets(): void {
    const most = this.hasOpened ? openConcurrency : 1;
    while (this.opening < Math.min(most, this.waiting.length) && this.sockets < this.maxSockets) {
      this.sockets += 1;
      this.opening += 1;
      new KeptSocket(this.connector.open(), this.connector.openEvent, this.events);
    }
  }

  private readonly events: SocketEvents = {
    opened: () => {
      this.opening -= 1;
      this.hasOpened = true;
    },
    free: (socket) => {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(socket);
      else socket.serve(next);
      this.openSockets();
    },
    ended: (socket, systemCode, stale) => {
      this.sockets -= 1;
      const index = this.idle.indexOf(socket);
      if (index !== -1) this.idle.splice(index, 1);
      if (!socket.isOpen) {
        this.opening -= 1;
        this.waiting.shift()?.settle(undefined, systemCode);
      }
      if (stale !== undefined) {
        stale.isRepeated = true;
        stale.wait();
        this.waiting.unshift(stale);
        // The other idle sockets may be as old as this one.
        for (const other of this.idle.splice(0)) other.destroy();
      }
      this.openSockets();
    },
  };
}

function requestText({ method, path, headers, body }: Call): string {
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const name in headers) head += `${name}: ${headers[name] ?? ''}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function connectorTo({ protocol, hostname, port }: URL): Connector {
  // An IPv6 address stands in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:')
    return { open: () => connectPlain({ host, port: Number(port || 80) }), openEvent: 'connect' };
  // One for all sockets: making it takes as long as a handshake.
  let secureContext: ReturnType<typeof createSecureContext> | undefined;
  let session: Buffer | undefined;
  const open = (): Socket => {
    secureContext ??= createSecureContext();
    const socket = connectSecure({
      host,
      port: Number(port || 443),
      secureContext,
      ALPNProtocols: ['http/1.1'],
      // The certificate names a host; an address is not sent.
      ...(isIP(host) === 0 && { servername: host }),
      ...(session && { session }),
    });
    // A resumed handshake takes half the processor time. The session of a socket that failed is not used again.
    socket.on('session', (latest) => (session = latest));
    socket.on('close', (hadError) => {
      if (hadError) session = undefined;
    });
    return socket;
  };
  return { open, openEvent: 'secureConnect' };
}
