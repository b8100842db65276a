/**
 * API Gateway, Lambda and the tables in memory, with the product's own event handlers behind: opens and closes connections, turns
 * them into events, runs functions, and keeps what the checker wants to know.
 */
import { MemoryAgentStore } from '../../doubles/memory-agent-store';
import { MemoryConnectionStore } from '../../doubles/memory-connection-store';
import { MemoryChannelDirectory } from '../../doubles/memory-channel-directory';
import { MemoryHistoryStore } from '../../doubles/memory-history-store';
import { MemorySweepStore } from '../../doubles/memory-sweep-store';
import { MemoryRevocationStore } from '../../doubles/memory-revocation-store';
import { MemoryTenantUsage } from '../../doubles/memory-tenant-usage';
import { MemoryRateCounter } from '../../doubles/memory-rate-counter';
import type { DeliveryOutcome } from '../../../lambda/shared/delivery-outcome';
import type { Connection, Subscription } from '../../../lambda/shared/stores/connection-store';
import type { MessageRow } from '../../../lambda/shared/stores/history-store';
import type { Logger, LogFields, VerifiedClaims } from '../../../lambda/shared/ports';
import { channelSubject } from '../../../lambda/shared/subjects';
import { WorkMeter } from '../../../lambda/shared/work-meter';
import { authorizerRoute } from '../../../lambda/events/web-socket/authorizer';
import { connectRoute } from '../../../lambda/events/web-socket/connect';
import { defaultRoute } from '../../../lambda/events/web-socket/default';
import { disconnectRoute } from '../../../lambda/events/web-socket/disconnect';
import { fanOutRoute } from '../../../lambda/events/fan-out';
import type { AuthorizerEvent, WebSocketEvent } from '../../../lambda/events/web-socket/web-socket-event';
import { inboxRoute } from '../../../lambda/events/inbox';
import { presenceRoute } from '../../../lambda/events/presence';
import { revokeRoute } from '../../../lambda/events/revoke';
import { sweepRoute } from '../../../lambda/events/sweep';
import type { HttpEvent } from '../../../lambda/http/event';
import { httpRoute } from '../../../lambda/http/route';
import { subProtocol } from '../../../protocol/index';
import { framesOf } from '../checker';
import type { Listener, Wire } from '../model-client';
import type { Inside, Invocation } from '../record';
import type { Chaos } from './chaos';
import { Downlink } from './downlink';
import { InvocationRun, type KillPoint } from './invocation';
import type { VirtualTime } from './virtual-time';

export interface Handshake {
  readonly tenantId: string;
  readonly agentId: string;
  readonly channelId?: string;
  readonly level: number;
}

interface Socket {
  readonly connectionId: string;
  readonly connectedAt: number;
  readonly handshake: Handshake;
  readonly listener: Listener;
  /** What the authorizer has said of it. */
  context: Readonly<Record<string, unknown>>;
  readonly downlink: Downlink;
  state: 'opening' | 'open' | 'vanished' | 'closed';
}

/** What each kind of event starts: the file in `lambda/` that a function is made of. */
export const entryPoints = {
  authorizer: 'authorizer',
  connect: 'connect',
  message: 'default',
  disconnect: 'disconnect',
  inbox: 'inbox',
  presence: 'presence',
  chunk: 'fan-out',
  sweep: 'sweep',
  revoke: 'revoke',
  http: 'http',
} as const;
type Kind = keyof typeof entryPoints;
type Event = WebSocketEvent | AuthorizerEvent | HttpEvent | object;

interface Result {
  readonly statusCode: number;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: string;
}

/** Timeouts of the functions and of their calls to a store, as in lib/functions/functions.ts and the entry points. */
const limits: Readonly<Record<Kind, { readonly timeoutMs: number; readonly callMs: number }>> = {
  authorizer: { timeoutMs: 3_000, callMs: 2_000 },
  connect: { timeoutMs: 4_000, callMs: 1_200 },
  message: { timeoutMs: 5_000, callMs: 800 },
  http: { timeoutMs: 5_000, callMs: 800 },
  disconnect: { timeoutMs: 10_000, callMs: 2_500 },
  inbox: { timeoutMs: 60_000, callMs: 2_500 },
  presence: { timeoutMs: 60_000, callMs: 2_500 },
  chunk: { timeoutMs: 60_000, callMs: 2_500 },
  revoke: { timeoutMs: 120_000, callMs: 5_000 },
  sweep: { timeoutMs: 120_000, callMs: 5_000 },
};

const off = { perSecond: 0, burst: 0 };
const tokenMs = 6 * 3_600_000;
/** What a revocation covers. */
const maxTokenMs = 86_400_000;
const settings = {
  tenantClaim: 'tenant_id',
  agentClaim: 'agent_id',
  channelsClaim: 'channels',
  defaultGrants: 'all' as const,
  maxTokenSeconds: 3_650 * 86_400,
};

export interface PlatformOptions {
  readonly retentionMs: number;
  /** Receivers that a publisher's own run serves; the others are left to workers. Default: all. */
  readonly ownReceivers?: number | undefined;
  /** Told of every run when it has ended. */
  readonly onRunEnd?: (ended: EndedRun) => void;
}

/** A run of a function, for who wants to know more than the checker. */
export interface EndedRun {
  readonly kind: string;
  readonly event: object;
  readonly startedAt: number;
  readonly end: Invocation['end'];
  readonly run: InvocationRun;
  /** What it has written to logs. A put that is under way when it ends may come later. */
  readonly written: readonly Expected[];
}

/** A run of a function that is killed. */
export interface Kill extends KillPoint {
  readonly kind: Kind;
  /** A part of the message that the function is run for. */
  readonly of?: string;
}

export class MemoryPlatform {
  readonly connections = new MemoryConnectionStore(3);
  readonly agents: MemoryAgentStore;
  private readonly sweepStore: MemorySweepStore;
  readonly history = new MemoryHistoryStore();
  readonly directory: MemoryChannelDirectory;
  private readonly revocations = new MemoryRevocationStore();
  private readonly usage = new MemoryTenantUsage();
  private readonly rateCounter = new MemoryRateCounter();
  readonly logLines: string[] = [];
  readonly inside: { [Name in keyof Inside]: Inside[Name][number][] } = {
    writes: [],
    acksSent: [],
    subscriptions: [],
    told: [],
    invocations: [],
    lostAtClose: [],
  };
  /** Whether a run that fits `killNext` began, and whether it came to the call at which it was killed. */
  wasAimedAt = false;
  wasKilled = false;
  private readonly sockets = new Map<string, Socket>();
  private readonly old = new Map<string, unknown[][]>();
  private readonly subscribers = new Map<string, Map<string, Subscription>>();
  private moment = 0;
  private ids = 0;
  private nextKill: Kill | undefined;

  constructor(
    private readonly time: VirtualTime,
    private readonly chaos: Chaos,
    private readonly options: PlatformOptions,
  ) {
    this.agents = new MemoryAgentStore(time);
    this.directory = new MemoryChannelDirectory(time);
    this.sweepStore = new MemorySweepStore(this.connections, this.agents, 3, this.revocations, this.usage);
    this.watch();
  }

  /** A handshake. Rejects when it is refused. */
  async dial(handshake: Handshake, listener: Listener): Promise<Wire> {
    const { time } = this;
    await time.sleep(time.random() * 20);
    const connectionId = `c${(this.ids += 1)}`;
    const socket: Socket = {
      connectionId,
      connectedAt: time.now(),
      handshake,
      listener,
      context: {},
      downlink: new Downlink(time),
      state: 'opening',
    };
    this.sockets.set(connectionId, socket);
    const admission = await this.run('authorizer', this.handshakeEvent(socket));
    socket.context = admission?.context ?? {};
    if (admission?.statusCode !== 200) return this.refuse(socket, admission);
    const event = this.event(socket);
    const result = (await this.deliverEvent('connect', () => this.run('connect', event)))[0];
    if (result?.statusCode !== 200) return this.refuse(socket, result);
    await time.sleep(time.random() * 30);
    socket.state = 'open';
    return {
      send: (text) => {
        if (socket.state === 'open') void this.message(socket, text);
      },
      end: (rudely) => {
        this.end(socket, rudely);
      },
    };
  }

  private refuse(socket: Socket, result: Result | undefined): never {
    socket.state = 'closed';
    throw new Error(`refused with ${result?.statusCode ?? 500}`);
  }

  isOpen(connectionId: string): boolean {
    const state = this.sockets.get(connectionId)?.state;
    return state === 'open' || state === 'vanished';
  }

  /** What the clients' own sockets are, whatever the tables say. */
  openConnections(): { readonly connectionId: string; readonly handshake: Handshake }[] {
    return [...this.sockets.values()].filter(({ state }) => state === 'open');
  }

  private end(socket: Socket, rudely: boolean): void {
    if (socket.state === 'closed' || socket.state === 'vanished') return;
    const { time, chaos } = this;
    if (rudely && chaos.hits('socket vanished')) {
      socket.state = 'vanished';
      time.after(30_000, () => {
        this.close(socket);
      });
      return;
    }
    this.close(socket);
  }

  private close(socket: Socket): void {
    const { time, chaos } = this;
    if (socket.state === 'closed') return;
    socket.state = 'closed';
    time.after(time.random() * 5, () => {
      socket.listener.onClose();
    });
    if (chaos.hits('disconnect lost')) return;
    const lateMs = chaos.hits('disconnect late') ? time.random() * 20_000 : time.random() * 10;
    time.after(lateMs, () => {
      const event = this.event(socket);
      void this.deliverEvent('disconnect', () => this.run('disconnect', event));
    });
  }

  private async message(socket: Socket, text: string): Promise<void> {
    const { time, chaos } = this;
    if (chaos.hits('socket dropped')) {
      this.end(socket, false);
      return;
    }
    const event = { ...this.event(socket), body: text };
    if (chaos.hits('event lost')) {
      await time.sleep(20);
      this.fail(socket);
      return;
    }
    await time.sleep(chaos.hits('event delay') ? time.random() * 8_000 : time.random() * 6);
    const results = await this.deliverEvent('message', () => this.run('message', event));
    if (results.some((result) => result === undefined)) this.fail(socket);
  }

  /** The platform's own error frame. */
  private fail(socket: Socket): void {
    this.arrive(
      socket,
      JSON.stringify({ message: 'Internal server error', connectionId: socket.connectionId, requestId: 'r' }),
    );
  }

  private async deliverEvent<Result>(kind: Kind, run: () => Promise<Result>): Promise<Result[]> {
    const { chaos, time } = this;
    if (kind !== 'connect' && chaos.hits('event duplicate now')) return Promise.all([run(), run()]);
    if (kind !== 'connect' && chaos.hits('event duplicate later')) {
      time.after(time.random() < 0.8 ? time.random() * 5_000 : 60_000, () => void run());
    }
    return [await run()];
  }

  private handshakeEvent({ connectionId, connectedAt, handshake }: Socket): AuthorizerEvent {
    const { tenantId, agentId, channelId, level } = handshake;
    const exp = Math.floor((connectedAt + tokenMs) / 1_000);
    return {
      methodArn: 'arn',
      requestContext: { connectionId, requestId: 'r', requestTimeEpoch: connectedAt },
      queryStringParameters: {
        // Signatures are another suite's: here every token is good.
        token: JSON.stringify({ tenant_id: tenantId, agent_id: agentId, exp }),
        ...(level === 1 ? { protocol: subProtocol } : {}),
        ...(channelId === undefined ? {} : { channel_id: channelId }),
      },
    };
  }

  private event({ connectionId, connectedAt, context }: Socket): WebSocketEvent {
    const requestTimeEpoch = this.time.now();
    // One for each event, however often that is delivered.
    const requestId = `r${(this.ids += 1)}`;
    return {
      requestContext: { connectionId, connectedAt, requestId, requestTimeEpoch, authorizer: context },
    };
  }

  /** Where the tables and the sockets differ. A connection of level 0 that was removed by mistake cannot learn it. */
  differences(): string[] {
    const { connections, subscriptions } = this.connections.everything();
    const open = new Map(this.openConnections().map((each) => [each.connectionId, each.handshake]));
    const known = new Set(connections.map(({ connectionId }) => connectionId));
    const present = new Set([...this.agents.connected()].flatMap(({ connectionIds }) => connectionIds));
    return [
      ...[...known].filter((id) => !open.has(id)).map((id) => `${id} is closed and has a row`),
      ...[...present].filter((id) => !open.has(id)).map((id) => `${id} is closed and counts as there`),
      ...subscriptions
        .filter(({ connectionId }) => !open.has(connectionId))
        .map(({ connectionId, channelId }) => `${connectionId} is closed and on ${channelId}`),
      ...[...open]
        .filter(([, { level }]) => level > 0)
        .filter(([id]) => !known.has(id) || !present.has(id))
        .map(([id]) => `${id} is open and unknown`),
    ];
  }

  /** As its schedule does. */
  async sweep(): Promise<void> {
    await this.deliverEvent('sweep', () =>
      this.run('sweep', { time: new Date(this.time.now()).toISOString() }),
    );
  }

  /** As the operator's commands do. */
  async order(order: object): Promise<void> {
    await this.deliverEvent('revoke', () => this.run('revoke', order));
  }

  /** A request over HTTP: the body of a 200. */
  async request(event: HttpEvent): Promise<string | undefined> {
    const result = await this.run('http', event);
    return result?.statusCode === 200 ? result.body : undefined;
  }

  /** The next run that fits is killed at its call, if it gets there. */
  killNext(kill: Kill): void {
    this.nextKill = kill;
  }

  private takeKill(kind: Kind, event: Event): KillPoint | undefined {
    const kill = this.nextKill;
    const fits = kill?.kind === kind && JSON.stringify(event).includes(kill.of ?? '');
    if (!fits) return undefined;
    this.nextKill = undefined;
    this.wasAimedAt = true;
    return kill;
  }

  /** Runs a function; `undefined` when it was killed or ran out of time. */
  private run(kind: Kind, event: Event): Promise<Result | undefined> {
    const { time, chaos } = this;
    const { timeoutMs, callMs } = limits[kind];
    const killAt = this.takeKill(kind, event);
    const startedAt = time.now();
    const skewMs = chaos.hits('clock skew') ? Math.round((2 * time.random() - 1) * 300_000) : 0;
    return new Promise((settle) => {
      const finish = (end: Invocation['end'], result: Result | undefined): void => {
        if (run.isOver) return;
        if (end === 'returned') run.returned();
        else run.killed();
        const ms = time.now() - startedAt;
        const { posts } = run;
        // What fails may leave the rest of it behind; what succeeds may not.
        const leftOver = run.wasDisturbed ? 0 : run.leftOver;
        // Workers serve the others in runs of their own.
        const servesAll = this.options.ownReceivers === undefined;
        const missed =
          end === 'returned' && servesAll && !run.wasDisturbed && ms < 3_000
            ? this.missedBy(run, posts, expected)
            : [];
        this.inside.invocations.push({ kind, ms, end, leftOver, posts, missed });
        this.options.onRunEnd?.({ kind, event, startedAt, end, run, written: expected });
        settle(result);
      };
      const run = new InvocationRun({
        time,
        chaos,
        kind,
        callMs,
        skewMs,
        killAt,
        onKill: () => {
          this.wasKilled = true;
          finish('killed', undefined);
        },
        onWorldFault: () => undefined,
      });
      const expected: Expected[] = [];
      time.after(timeoutMs, () => {
        finish('timed-out', undefined);
      });
      this.route(kind, event, run, expected).then(
        (result) => {
          finish('returned', result);
        },
        () => {
          finish('returned', undefined);
        },
      );
    });
  }

  private async route(kind: Kind, event: Event, run: InvocationRun, expected: Expected[]): Promise<Result> {
    const log = this.log();
    const { ownReceivers } = this.options;
    if (kind === 'authorizer') return this.authorize(event as AuthorizerEvent, run);
    const invoker = run.invoker((name, payload) => {
      const started = name as 'inbox' | 'presence' | 'chunk';
      void this.deliverEvent(started, () => this.run(started, payload));
    });
    const sender = run.sender(
      (connectionId, text) => this.post(connectionId, text),
      (connectionId) => this.isOpen(connectionId),
      (connectionId) => {
        const socket = this.sockets.get(connectionId);
        if (socket !== undefined) this.close(socket);
      },
    );
    const deps = {
      connections: run.store(this.connections, this.old),
      agents: run.store(this.agents, this.old),
      history: run.store(this.watchedHistory(run, expected), this.old),
      directory: run.store(this.directory, this.old),
      sender,
      closer: sender,
      sweep: run.store(this.sweepStore, this.old),
      invoker,
      ...(ownReceivers !== undefined && { workers: { invoker, functionName: 'chunk', ownReceivers } }),
      clock: run.clock,
      newId: () => `n${(this.ids += 1)}`,
      retentionMs: this.options.retentionMs,
      connectionLimit: 20,
      revocations: run.store(this.revocations, this.old),
      usage: run.store(this.usage, this.old),
      quotas: { connections: 0, agents: 0, storedBytesPerDay: 0, deliveriesPerDay: 0, unknownAgents: 10_000 },
      rateCounter: run.store(this.rateCounter, this.old),
      // Refusals are another suite's: here everything is let in.
      rateLimits: { agent: off, tenant: off, agentWork: off, tenantWork: off },
      work: new WorkMeter(),
      inboxFunction: 'inbox',
      presenceFunction: 'presence',
      presenceGraceMs: 0,
      ownName: 'inbox',
      log,
    };
    switch (kind) {
      case 'connect':
        return connectRoute(deps)(event as WebSocketEvent);
      case 'message':
        return defaultRoute(deps)(event as WebSocketEvent);
      case 'disconnect':
        return disconnectRoute(deps)(event as WebSocketEvent);
      case 'inbox':
        await inboxRoute(deps)(event as Readonly<Record<string, unknown>>);
        return { statusCode: 200 };
      case 'presence':
        await presenceRoute(deps)(event as Readonly<Record<string, unknown>>);
        return { statusCode: 200 };
      case 'chunk':
        await fanOutRoute(deps)(event as Readonly<Record<string, unknown>>);
        return { statusCode: 200 };
      case 'sweep':
        await sweepRoute(deps)(event);
        return { statusCode: 200 };
      case 'revoke':
        await revokeRoute({ ...deps, maxTokenMs })(event);
        return { statusCode: 200 };
      case 'http':
        return httpRoute({
          ...deps,
          verifier: this.verifier(run, 'base64url'),
          settings,
          maxTokenMs,
          revokeFunction: 'revoke',
        })(event as HttpEvent);
    }
  }

  private verifier(run: InvocationRun, encoding: 'utf8' | 'base64url') {
    const keys = run.store({ publicKey: () => Promise.resolve() }, this.old);
    return {
      verify: async (token: string) => {
        // A new process each time, which has to ask for the key first.
        await keys.publicKey();
        return { claims: JSON.parse(Buffer.from(token, encoding).toString()) as VerifiedClaims };
      },
    };
  }

  private async authorize(event: AuthorizerEvent, run: InvocationRun): Promise<Result> {
    const route = authorizerRoute({
      verifier: this.verifier(run, 'utf8'),
      settings,
      clock: run.clock,
      log: this.log(),
    });
    const { policyDocument, context } = await route(event);
    const isAllowed = policyDocument.Statement.every(({ Effect }) => Effect === 'Allow');
    return { statusCode: isAllowed ? 200 : 403, context };
  }

  private post(connectionId: string, text: string): DeliveryOutcome {
    const socket = this.sockets.get(connectionId);
    if (socket?.state === 'vanished') return this.time.random() < 0.5 ? 'delivered' : 'lost';
    if (socket?.state !== 'open') return 'gone';
    this.noteSent(socket, text);
    this.arrive(socket, text);
    return 'delivered';
  }

  private arrive(socket: Socket, text: string): void {
    const { tenantId, agentId, level } = socket.handshake;
    socket.downlink.arrive(() => {
      if (socket.state === 'open') socket.listener.onText(text);
      else if (level === 0) this.inside.lostAtClose.push({ tenantId, agentId, text });
    });
  }

  private noteSent({ connectionId, handshake }: Socket, text: string): void {
    const { tenantId, agentId } = handshake;
    for (const frame of framesOf(text)) {
      const place = { epoch: String(frame.epoch), sequence: Number(frame.sequence) };
      const moment = (this.moment += 1);
      if (frame.type === 'ACK' && frame.epoch !== undefined)
        this.inside.acksSent.push({ tenantId, agentId, id: String(frame.message_id), place, moment });
      const states =
        frame.type === 'WELCOME'
          ? (frame.channels as Record<string, unknown>[])
          : frame.type === 'SUBSCRIBED'
            ? [frame]
            : [];
      for (const { channel_id: channelId, epoch, sequence } of states) {
        if (typeof epoch !== 'string' || channelId === '$inbox') continue;
        const subject = channelSubject(tenantId, String(channelId));
        this.inside.told.push({
          connectionId,
          subject,
          place: { epoch, sequence: Number(sequence) },
        });
      }
    }
  }

  private log(): Logger {
    const write = (event: string, fields: LogFields = {}): void => {
      this.logLines.push(JSON.stringify({ event, ...fields }));
    };
    return { info: write, error: write };
  }

  /** Sees every change of the tables at the moment when it happens. */
  private watch(): void {
    const { connections, history } = this;
    const putSubscription = connections.putSubscription.bind(connections);
    const removeSubscription = connections.removeSubscription.bind(connections);
    connections.putSubscription = async (tenantId, channelId, subscription) => {
      await putSubscription(tenantId, channelId, subscription);
      const subject = channelSubject(tenantId, channelId);
      const rows = this.subscribers.get(subject) ?? new Map<string, Subscription>();
      rows.set(subscription.connectionId, subscription);
      this.subscribers.set(subject, rows);
      this.noteSubscription(subject, subscription.connectionId, 'put');
    };
    connections.removeSubscription = async (tenantId, channelId, connectionId) => {
      await removeSubscription(tenantId, channelId, connectionId);
      const subject = channelSubject(tenantId, channelId);
      this.subscribers.get(subject)?.delete(connectionId);
      this.noteSubscription(subject, connectionId, 'removed');
    };
    const tryPut = history.tryPut.bind(history);
    history.tryPut = async (subject, row) => {
      const outcome = await tryPut(subject, row);
      if (outcome === 'written') this.noteWrite(subject, row);
      return outcome;
    };
  }

  private noteSubscription(subject: string, connectionId: string, kind: 'put' | 'removed'): void {
    this.inside.subscriptions.push({ subject, connectionId, kind, moment: (this.moment += 1) });
  }

  private noteWrite(subject: string, { epoch, sequence, id, agentId }: MessageRow): void {
    this.inside.writes.push({ subject, place: { epoch, sequence }, id, agentId, moment: (this.moment += 1) });
  }

  /** The log with an eye on who stands to get what this run writes. */
  private watchedHistory(run: InvocationRun, expected: Expected[]): MemoryHistoryStore {
    return new Proxy(this.history, {
      get: (target, name) => {
        if (name !== 'tryPut') return Reflect.get(target, name) as unknown;
        return async (subject: string, row: MessageRow) => {
          const outcome = await this.history.tryPut(subject, row);
          if (outcome === 'written')
            expected.push({
              id: row.id,
              subject,
              row,
              receivers: this.receivers(subject),
              moment: this.moment,
            });
          return outcome;
        };
      },
    });
  }

  private receivers(subject: string): string[] {
    const now = this.time.now();
    return [...(this.subscribers.get(subject)?.values() ?? [])]
      .filter(
        ({ connectionId, expiresAt }) =>
          expiresAt > now + 60_000 && this.sockets.get(connectionId)?.state === 'open',
      )
      .map(({ connectionId }) => connectionId);
  }

  private missedBy(run: InvocationRun, posts: Invocation['posts'], expected: readonly Expected[]): string[] {
    return expected.flatMap(({ id, subject, receivers, moment }) =>
      receivers
        .filter((connectionId) => !this.hasLeft(connectionId, subject, moment, run))
        .filter((connectionId) => !run.refusedBy.has(connectionId))
        .filter(
          (connectionId) =>
            !posts.some(
              (post) =>
                post.connectionId === connectionId && framesOf(post.text).some((frame) => frame.id === id),
            ),
        )
        .map((connectionId) => `${connectionId} of ${subject} (${id}, run of ${run.calls} calls)`),
    );
  }

  /** Whether it is no subscriber any more, or was none when the run read them: it may have left and come back around that. */
  private hasLeft(connectionId: string, subject: string, since: number, run: InvocationRun): boolean {
    if (this.subscribers.get(subject)?.has(connectionId) !== true) return true;
    const read = (run.subscribers.get(subject) ?? []) as Subscription[];
    return (
      !read.some((subscription) => subscription.connectionId === connectionId) &&
      this.inside.subscriptions.some(
        (change) =>
          change.kind === 'removed' &&
          change.moment > since &&
          change.subject === subject &&
          change.connectionId === connectionId,
      )
    );
  }
}

/** Who stood in the table of subscribers when a message was written. */
export interface Expected {
  readonly id: string;
  readonly row: MessageRow;
  readonly subject: string;
  readonly receivers: readonly string[];
  /** Of the write, among all changes of the tables. */
  readonly moment: number;
}

export type { Connection };
