/**
 * Clients on a fake service and a fake clock, for tests of the client.
 */
import { PubSub, type PubSubOptions } from '../../clients/javascript/index';
import type { Timers } from '../../clients/javascript/shared/timers';
import { FakeServer } from './fake-server';
import { FakeTimers } from './fake-timers';

export class FakeBus {
  readonly timers: FakeTimers;
  readonly server: FakeServer;

  /** `Client`: the class to test, for that of the built package. */
  constructor(
    seed = 1,
    private readonly Client: typeof PubSub = PubSub,
  ) {
    this.timers = new FakeTimers(seed);
    this.server = new FakeServer(this.timers);
  }

  client(agent: string, options: Partial<PubSubOptions> = {}, timers: Timers = this.timers): PubSub {
    const { WebSocket } = this.server;
    return new this.Client({ url: 'wss://bus', token: () => agent, WebSocket, ...options }, timers);
  }

  async connected(agent: string, options: Partial<PubSubOptions> = {}): Promise<PubSub> {
    const client = this.client(agent, options);
    await this.during(client.connect());
    return client;
  }

  /** Moves the clock until the promise settles. */
  async during<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    const outcome = { isSettled: false };
    const settle = (): void => {
      outcome.isSettled = true;
    };
    promise.then(settle, settle);
    for (let waited = 0; !outcome.isSettled; waited += 10) {
      if (waited > limitMs) throw new Error(`Not settled after ${limitMs} ms`);
      await this.timers.advance(10);
    }
    return promise;
  }

  /** The one connection of the agent. */
  socketOf(agent: string) {
    return [...this.server.sockets].find(({ agentId }) => agentId === agent);
  }
}
