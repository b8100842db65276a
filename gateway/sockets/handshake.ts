/**
 * From an upgrade request to an open connection: authorizer, `$connect`, and only then the 101. A rejection is an
 * HTTP status, before the socket opens.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { ApiRuntime } from './api-runtime';
import { authorize } from './authorizer';
import type { Connections } from './connections';
import { connectEvent } from '../events/connect';
import { type HandshakeRequest, headerValue } from '../events/handshake-request';
import { type ConnectionFacts, type RequestContext, requestContext } from '../events/request-context';
import { refuseUpgrade } from '../http/http-reply';
import { platformId } from '../ids';
import { callIntegration, type IntegrationOutcome } from './integration';
import { limits } from '../platform';
import type { IntegrationModel } from '../template/model';
import type { UnverifiedBehaviour } from '../unverified-behaviour';
import { WaitingSocket } from './waiting-socket';

/** Real time to wait for the answer to our close frame before the socket is cut. */
const closeTimeoutMs = 2_000;

export interface Upgrade {
  incoming: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

export class Handshakes {
  /** The sub-protocol that `$connect` returned. AWS copies no other header into the 101. */
  private readonly protocols = new WeakMap<IncomingMessage, string>();
  private readonly server: WebSocketServer;
  private readonly waiting = new Set<WaitingSocket>();

  constructor(
    private readonly runtime: ApiRuntime,
    private readonly connections: Connections,
  ) {
    const settings: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      // AWS accepts no extension, so messages are never compressed.
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      // By default the library accepts the client's first sub-protocol; AWS does not.
      handleProtocols: (_, request) => this.protocols.get(request) ?? false,
      closeTimeout: closeTimeoutMs,
    };
    this.server = new WebSocketServer(settings);
    this.server.on('headers', (headers, request) => {
      const protocol = this.protocols.get(request);
      const wasAsked = request.headers['sec-websocket-protocol'] !== undefined;
      if (protocol !== undefined && !wasAsked) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
    });
  }

  async run(request: HandshakeRequest, { incoming, socket, head }: Upgrade): Promise<void> {
    const client = new WaitingSocket(socket, head);
    this.waiting.add(client);
    try {
      const facts = await this.admit(request, incoming, socket);
      if (facts !== undefined) this.open(facts, request, incoming, client);
    } finally {
      this.waiting.delete(client);
    }
  }

  /** Ends the handshakes that are still pending. */
  stop(): void {
    for (const client of this.waiting) client.socket.destroy();
    this.server.close();
  }

  /**
   * Runs the authorizer and `$connect`. When one of them rejects, it writes the rejection to the socket and returns
   * `undefined`.
   */
  private async admit(
    request: HandshakeRequest,
    incoming: IncomingMessage,
    socket: Duplex,
  ): Promise<ConnectionFacts | undefined> {
    const { model, facts: api, clock, unverified } = this.runtime;
    const userAgent = headerValue(request.headers, 'user-agent');
    let facts: ConnectionFacts = {
      connectionId: platformId(),
      connectedAt: clock.now(),
      identity: { ...(userAgent !== undefined && { userAgent }), sourceIp: request.sourceIp },
    };
    const newContext = (): RequestContext => requestContext('$connect', 'CONNECT', api, facts, clock.now());
    const route = model.routes.get('$connect');
    if (route?.authorizer !== undefined) {
      const context = newContext();
      const authorization = await authorize(route.authorizer, request, context, this.runtime);
      if (!authorization.allowed) {
        refuse(socket, authorization.status, context);
        return undefined;
      }
      facts = { ...facts, authorizer: authorization.context };
    }
    if (route?.integration === undefined) return facts;
    const context = newContext();
    const outcome = await this.callConnect(route.integration, request, context);
    const status = statusOf(outcome, unverified);
    if (status < 200 || status > 299) {
      refuse(socket, status, context);
      return undefined;
    }
    const protocol = outcome.kind === 'response' ? protocolIn(outcome) : undefined;
    if (protocol !== undefined) this.protocols.set(incoming, protocol);
    return facts;
  }

  private async callConnect(
    integration: IntegrationModel,
    request: HandshakeRequest,
    context: RequestContext,
  ): Promise<IntegrationOutcome> {
    const { facts: api, functions, clock, faults } = this.runtime;
    const fault = faults.connect();
    await clock.wait(fault.startDelayMs);
    this.connections.opening.add(context.connectionId);
    const outcome = await callIntegration(integration, connectEvent(request, api, context), functions, clock);
    this.connections.opening.delete(context.connectionId);
    await clock.wait(fault.replyDelayMs);
    return outcome;
  }

  private open(
    facts: ConnectionFacts,
    request: HandshakeRequest,
    incoming: IncomingMessage,
    client: WaitingSocket,
  ): void {
    if (client.isGone) {
      client.socket.destroy();
      // `$connect` succeeded, so the end of this connection gets its `$disconnect`.
      void this.connections.disconnected(facts, { code: 1006, reason: '' });
      return;
    }
    const head = client.release();
    this.server.handleUpgrade(incoming, client.socket, head, (socket) => {
      this.connections.add(socket, client.socket, facts, request.viaEdge);
    });
  }
}

/** The client gets 502 when `$connect` fails, and 500 when Lambda throttles it. */
function statusOf(outcome: IntegrationOutcome, { connectTimeoutStatus }: UnverifiedBehaviour): number {
  switch (outcome.kind) {
    case 'response':
      return outcome.statusCode;
    case 'failed':
      return 502;
    case 'throttled':
      return 500;
    case 'timed-out':
      return connectTimeoutStatus;
  }
}

function refuse(socket: Duplex, status: number, { connectionId, requestId }: RequestContext): void {
  const messages: Record<number, string> = {
    401: 'Unauthorized',
    403: 'Forbidden',
    429: 'Too Many Requests',
  };
  const message = messages[status] ?? (status >= 500 ? 'Internal server error' : 'Connection refused');
  refuseUpgrade(socket, status, { message, connectionId, requestId });
}

function protocolIn({ headers }: Extract<IntegrationOutcome, { kind: 'response' }>): string | undefined {
  const [, value] =
    Object.entries(headers).find(([name]) => name.toLowerCase() === 'sec-websocket-protocol') ?? [];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
