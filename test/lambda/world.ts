/** A small world in memory: stores, a clock that only moves when told or slept on, and sockets that remember what they got. */
import { MemoryAgentStore } from '../doubles/memory-agent-store';
import { MemoryChannelDirectory } from '../doubles/memory-channel-directory';
import { MemoryConnectionStore } from '../doubles/memory-connection-store';
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { MemoryRateCounter } from '../doubles/memory-rate-counter';
import { MemoryRevocationStore } from '../doubles/memory-revocation-store';
import { MemoryTenantUsage } from '../doubles/memory-tenant-usage';
import type { Caller } from '../../lambda/shared/caller';
import { WorkMeter } from '../../lambda/shared/work-meter';
import { connect } from '../../lambda/agents/connect';
import { Deadline } from '../../lambda/shared/deadline';
import type { DeliveryOutcome } from '../../lambda/shared/delivery-outcome';
import type { ConnectionSender, EventClock, Invoker, Logger, LogFields } from '../../lambda/shared/ports';
import { handleTextMessage, type TextMessageSummary } from '../../lambda/frames/handle-text-message';
import { allChannels, parseText } from '../../protocol/index';

export class FakeClock implements EventClock {
  time = 1_790_000_000_000;
  slept: number[] = [];

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  /** Its time is the platform's. */
  startEvent(): void {
    return;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.time += ms;
    return Promise.resolve();
  }

  random(): number {
    return 0.5;
  }
}

export class FakeSockets implements ConnectionSender {
  readonly posts: { connectionId: string; frame: Record<string, unknown> }[] = [];
  readonly closed = new Set<string>();
  /** Answers to give before the true one, by connection. */
  readonly scripted = new Map<string, DeliveryOutcome[]>();
  statuses = 0;
  inFlight = 0;
  maxInFlight = 0;

  async post(connectionId: string, text: string): Promise<DeliveryOutcome> {
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    await new Promise((resolve) => setImmediate(resolve));
    this.inFlight -= 1;
    const scripted = this.scripted.get(connectionId)?.shift();
    if (scripted !== undefined) return scripted;
    if (this.closed.has(connectionId)) return 'gone';
    this.posts.push({ connectionId, frame: JSON.parse(text) as Record<string, unknown> });
    return 'delivered';
  }

  close(connectionId: string): Promise<'closed'> {
    this.closed.add(connectionId);
    return Promise.resolve('closed');
  }

  status(connectionId: string): Promise<'open' | 'gone' | 'unknown'> {
    this.statuses += 1;
    return Promise.resolve(this.closed.has(connectionId) ? 'gone' : 'open');
  }

  of(connectionId: string): Record<string, unknown>[] {
    return this.posts.filter((post) => post.connectionId === connectionId).map((post) => post.frame);
  }
}

export class FakeLog implements Logger {
  readonly lines: { event: string; fields: LogFields }[] = [];

  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ event, fields });
  }

  error(event: string, fields: LogFields = {}): void {
    this.lines.push({ event, fields });
  }
}

export class FakeInvoker implements Invoker {
  readonly started: { functionName: string; payload: Record<string, unknown> }[] = [];

  start(functionName: string, payload: object): Promise<void> {
    this.started.push({ functionName, payload: payload as Record<string, unknown> });
    return Promise.resolve();
  }
}

/** What the platform says of a text message; one that is delivered twice has the same both times. */
export interface EventFacts {
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

export function createWorld() {
  const clock = new FakeClock();
  const sockets = new FakeSockets();
  let ids = 0;
  const deps = {
    connections: new MemoryConnectionStore(2),
    agents: new MemoryAgentStore(clock),
    history: new MemoryHistoryStore(),
    directory: new MemoryChannelDirectory(clock),
    revocations: new MemoryRevocationStore(),
    usage: new MemoryTenantUsage(),
    quotas: { connections: 0, agents: 0, storedBytesPerDay: 0, deliveriesPerDay: 0, unknownAgents: 10_000 },
    rateCounter: new MemoryRateCounter(),
    rateLimits: {
      agent: { perSecond: 50, burst: 100 },
      tenant: { perSecond: 1_000, burst: 2_000 },
      agentWork: { perSecond: 1_000, burst: 8_000 },
      tenantWork: { perSecond: 8_000, burst: 32_000 },
    },
    work: new WorkMeter(),
    sender: sockets,
    closer: sockets,
    invoker: new FakeInvoker(),
    inboxFunction: 'inbox',
    presenceFunction: 'presence',
    presenceGraceMs: 0,
    clock,
    newId: () => `generated-${String((ids += 1))}`,
    retentionMs: 86_400_000,
    log: new FakeLog(),
    connectionLimit: 3,
  };

  const caller = (connectionId: string, changes: Partial<Caller> = {}): Caller => ({
    connectionId,
    connectedAt: clock.time,
    tenantId: 't',
    agentId: `agent-of-${connectionId}`,
    channelId: 'c',
    grants: { channels: allChannels },
    tokenExpiresAt: clock.time + 3_600_000,
    level: 0,
    echo: true,
    ...changes,
  });

  let events = 0;
  const sendWith = (
    own: Parameters<typeof handleTextMessage>[0],
    from: Caller,
    message: unknown,
    event: Partial<EventFacts> = {},
  ): Promise<TextMessageSummary> => {
    const facts = { requestId: `event-${String((events += 1))}`, sentAt: clock.time, ...event };
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    return handleTextMessage(own, from, parseText(text), new Deadline(clock, clock.time + 4_000), facts);
  };

  return {
    ...deps,
    deps,
    sockets,
    caller,
    /** Connects; the connection is older than 10 s afterwards, so that a 410 is believed. */
    open: async (connectionId: string, changes: Partial<Caller> = {}): Promise<Caller> => {
      const opened = caller(connectionId, changes);
      await connect(deps, opened);
      clock.time += 11_000;
      return opened;
    },
    /** Sends one text message and waits until everything that follows from it has happened. */
    send: (from: Caller, message: unknown, event?: Partial<EventFacts>): Promise<TextMessageSummary> =>
      sendWith(deps, from, message, event),
    /** The same in a world that has more than the usual one. */
    sendWith,
  };
}
