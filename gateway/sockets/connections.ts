/** The open connections of the API: routes their messages and sends one DISCONNECT event when each of them ends. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ApiRuntime } from './api-runtime';
import { Connection, type Ending } from './connection';
import { disconnectEvent } from '../events/disconnect';
import { type ConnectionFacts, requestContext } from '../events/request-context';
import { callIntegration } from './integration';
import { handleMessage } from './message-router';

export class Connections {
  private readonly open = new Map<string, Connection>();
  /** Sockets stay here until they are closed, which is later than the end of the connection. */
  private readonly sockets = new Set<Connection>();

  /** Connections whose `$connect` is running: their ids exist, but posts to them fail. */
  readonly opening = new Set<string>();

  constructor(private readonly runtime: ApiRuntime) {}

  find(connectionId: string): Connection | undefined {
    return this.open.get(connectionId);
  }

  list(): Connection[] {
    return [...this.open.values()];
  }

  add(socket: WebSocket, stream: Duplex, facts: ConnectionFacts, viaEdge: boolean): void {
    const connection = new Connection(socket, stream, facts, viaEdge, this.runtime, {
      onMessage: (text) => {
        void handleMessage(this.runtime, connection, text);
      },
      onClosing: () => {
        this.open.delete(facts.connectionId);
        this.runtime.costs.closed(facts.connectionId);
      },
      onClosed: (ending) => {
        this.sockets.delete(connection);
        void this.disconnected(facts, ending);
      },
    });
    this.open.set(facts.connectionId, connection);
    this.runtime.costs.opened(facts.connectionId, facts.connectedAt);
    this.sockets.add(connection);
  }

  /** Runs `$disconnect` once, as AWS does: without a retry, and its result is ignored. */
  async disconnected(facts: ConnectionFacts, { code, reason }: Ending): Promise<void> {
    const { model, facts: api, functions, clock, faults } = this.runtime;
    const integration = model.routes.get('$disconnect')?.integration;
    if (integration === undefined) return;
    const context = requestContext('$disconnect', 'DISCONNECT', api, facts, clock.now());
    const event = disconnectEvent(code, reason, api, context);
    const { runs, startDelayMs } = faults.disconnect();
    await clock.wait(startDelayMs);
    await Promise.all(
      Array.from({ length: runs }, () => callIntegration(integration, event, functions, clock)),
    );
  }

  terminate(): void {
    for (const connection of this.sockets) connection.terminate();
  }
}
