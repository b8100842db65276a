/**
 * One run of a function: its calls go through here, where they take time, go wrong, and stop when the process is killed
 * or has returned.
 */
import { type DeliveryOutcome } from '../../../lambda/shared/delivery-outcome';
import { PlatformClock } from '../../../lambda/shared/platform-clock';
import type { PutOutcome } from '../../../lambda/shared/stores/history-store';
import {
  type EventClock,
  type ConnectionCloser,
  type ConnectionSender,
  type Invoker,
  Unavailable,
} from '../../../lambda/shared/ports';
import { channelSubject } from '../../../lambda/shared/subjects';
import type { Chaos, Kind } from './chaos';
import type { VirtualTime } from './virtual-time';

/** A call at which the process is killed, for the enumeration of all of them. */
export interface KillPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

export interface InvocationOptions {
  readonly time: VirtualTime;
  readonly chaos: Chaos;
  readonly kind: string;
  /** How long a call to a store may take before it counts as failed. */
  readonly callMs: number;
  readonly skewMs: number;
  readonly killAt: KillPoint | undefined;
  readonly onKill: () => void;
  readonly onWorldFault: () => void;
}

/** One of its own for each call: a common one would keep everything that ever waited for it. */
const never = (): Promise<never> => new Promise(() => undefined);
const paged: ReadonlySet<string> = new Set([
  'subscribers',
  'newestFirst',
  'range',
  'rangeBack',
  'agents',
  'connectedAgents',
]);
const reads: ReadonlySet<string> = new Set([
  'getConnections',
  'missingSubscriptions',
  'isRevoked',
  'usedUntil',
  'connectionIds',
  'getAgent',
  'hasSubscribers',
  'head',
  'get',
  'checkpoint',
  'publicKey',
  'pages',
  'cursor',
  ...paged,
]);

/** A post, and what the run was told of it, once it was told. */
export interface PostOfRun {
  readonly connectionId: string;
  readonly text: string;
  readonly isRetry: boolean;
  outcome?: DeliveryOutcome;
  toldAt?: number;
}

/** A function that the run has started, and whether it was told that it had. */
export interface StartOfRun {
  readonly name: string;
  readonly payload: object;
  isTold: boolean;
}

export class InvocationRun {
  isOver = false;
  calls = 0;
  leftOver = 0;
  /** Whether a fault touched anything but single posts. */
  wasDisturbed = false;
  readonly posts: PostOfRun[] = [];
  readonly starts: StartOfRun[] = [];
  /** Subscribers that it was given, by the key of their channel. */
  readonly subscribers = new Map<string, unknown[]>();
  /** By connection and text. */
  private readonly outcomes = new Map<string, DeliveryOutcome | 'under way'>();
  /** Connections that did not take what they were posted; after that nothing more is posted to one of level 0. */
  readonly refusedBy = new Set<string>();
  private underWay = 0;

  constructor(readonly options: InvocationOptions) {}

  get clock(): EventClock {
    const { time, skewMs } = this.options;
    return new PlatformClock({
      now: () => time.now() + skewMs,
      monotonic: () => time.now(),
      random: time.random,
      sleep: async (ms) => {
        this.underWay += 1;
        await time.sleep(ms);
        this.underWay -= 1;
        if (this.isOver) await never();
      },
    });
  }

  /** The function has returned: the platform freezes it, and what is under way stays undone. */
  returned(): void {
    this.isOver = true;
    this.leftOver = this.underWay;
  }

  killed(): void {
    this.isOver = true;
  }

  /** A store whose calls all pass through here. */
  store<T extends object>(target: T, old: Map<string, unknown[][]>): T {
    return new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        const run = (args: unknown[]): unknown => Reflect.apply(method, target, args) as unknown;
        const word = String(name);
        if (paged.has(word))
          return (...args: unknown[]) =>
            this.pages(word, args, () => run(args) as AsyncIterable<unknown[]>, old);
        if (word === 'pages') return () => this.parts(() => run([]) as AsyncIterable<unknown>);
        return (...args: unknown[]) => this.call(word, () => run(args) as Promise<unknown>);
      },
    });
  }

  sender(
    deliver: (connectionId: string, text: string) => DeliveryOutcome,
    isOpen: (connectionId: string) => boolean,
    close: (connectionId: string) => void,
  ): ConnectionSender & ConnectionCloser {
    return {
      close: async (connectionId) => {
        await this.call(
          'close',
          () => {
            close(connectionId);
            return Promise.resolve();
          },
          true,
        );
        return 'closed';
      },
      post: (connectionId, text, timeoutMs) => this.post(connectionId, text, timeoutMs, deliver),
      status: async (connectionId) => {
        const fault = this.options.chaos.pick('status unknown', 'status gone');
        if (fault !== undefined) this.disturb();
        const answer = await this.call('status', () => Promise.resolve(isOpen(connectionId)), true);
        if (fault === 'status unknown') return 'unknown';
        return answer && fault !== 'status gone' ? 'open' : 'gone';
      },
    };
  }

  invoker(start: (name: string, payload: object) => void): Invoker {
    return {
      start: async (name, payload) => {
        const fault = this.options.chaos.pick('invoke error', 'invoke lost', 'invoke duplicate');
        if (fault !== undefined) this.disturb();
        const started = { name, payload, isTold: false };
        this.starts.push(started);
        await this.call(
          'start',
          () => {
            if (fault !== 'invoke lost') start(name, payload);
            if (fault === 'invoke duplicate') start(name, payload);
            return Promise.resolve();
          },
          true,
        );
        if (fault === 'invoke error') throw new Unavailable('Lambda');
        started.isTold = true;
      },
    };
  }

  private disturb(): void {
    this.wasDisturbed = true;
    this.options.onWorldFault();
  }

  private async call<T>(name: string, apply: () => Promise<T>, isOtherService = false): Promise<T> {
    const { time, chaos, callMs, killAt, onKill } = this.options;
    if (this.isOver) {
      this.leftOver += 1;
      return never();
    }
    this.calls += 1;
    const point = this.calls;
    this.underWay += 1;
    const fault = isOtherService ? chaos.pick('kill before', 'kill after') : chaos.pick(...faultsOf(name));
    if (fault !== undefined) this.disturb();
    const isKilled = (when: 'before' | 'after'): boolean =>
      fault === `kill ${when}` || (killAt?.call === point && killAt.when === when);
    if (isKilled('before')) {
      onKill();
      return never();
    }
    if (fault === 'store hang before' || fault === 'store late write') {
      if (fault === 'store late write') time.after(callMs + time.random() * 3_000, () => void apply());
      await this.wait(callMs);
      return this.fail(name);
    }
    await this.travel(fault === 'store delay' ? time.random() * callMs * 0.9 : time.random() * 6);
    if (fault === 'store error before' || fault === 'store throttle') return this.fail(name);
    if (fault === 'store duplicate' && name !== 'tryPut') await apply();
    const value = await apply();
    if (isKilled('after')) {
      onKill();
      return never();
    }
    await this.wait(fault === 'store hang after' ? callMs : time.random() * 4);
    if (fault === 'store error after' || fault === 'store hang after') return this.fail(name);
    this.underWay -= 1;
    return value;
  }

  /** On the way to the service: when the process ends meanwhile, the call may get there or not. */
  private async travel(ms: number): Promise<void> {
    const { time } = this.options;
    await time.sleep(ms);
    if (this.isOver && time.random() < 0.5) await never();
  }

  /** On the way back: a process that has ended hears nothing. */
  private async wait(ms: number): Promise<void> {
    await this.options.time.sleep(ms);
    if (this.isOver) await never();
  }

  private fail(name: string): never {
    this.underWay -= 1;
    const unclear: PutOutcome = 'unclear';
    // The one call whose failure is an outcome.
    if (name === 'tryPut') return unclear as never;
    throw new Unavailable('a fault of the schedule');
  }

  /** A scan: parts that are no lists. */
  private async *parts(read: () => AsyncIterable<unknown>): AsyncGenerator {
    const parts = await this.call('pages', async () => {
      const all: unknown[] = [];
      for await (const part of read()) all.push(part);
      return all;
    });
    yield* parts;
  }

  private async *pages(
    name: string,
    args: unknown[],
    read: () => AsyncIterable<unknown[]>,
    old: Map<string, unknown[][]>,
  ): AsyncGenerator<unknown[]> {
    const { chaos } = this.options;
    const question = `${name} ${JSON.stringify(args)}`;
    const mayBeStale = name === 'subscribers' && args[2] === false;
    const isStale = mayBeStale && chaos.hits('store stale');
    const isSplit = chaos.hits('store split');
    const hasEmpty = chaos.hits('store empty page');
    if (isStale) this.disturb();
    const pages: unknown[][] = await this.call(name, async () => {
      const now: unknown[][] = [];
      for await (const page of read()) now.push([...page]);
      const before = old.get(question) ?? [];
      if (mayBeStale) old.set(question, now);
      return isStale ? before : now;
    });
    const cut = isSplit ? pages.flatMap((page) => page.map((item) => [item])) : pages;
    for (const [index, page] of cut.entries()) {
      if (index > 0) await this.call(name, () => Promise.resolve());
      if (hasEmpty) {
        yield [];
        await this.call(name, () => Promise.resolve());
      }
      if (name === 'subscribers') this.noteSubscribers(args, page);
      yield page;
    }
  }

  private noteSubscribers([tenantId, channelId]: unknown[], page: readonly unknown[]): void {
    const subject = channelSubject(String(tenantId), String(channelId));
    this.subscribers.set(subject, [...(this.subscribers.get(subject) ?? []), ...page]);
  }

  private async post(
    connectionId: string,
    text: string,
    timeoutMs: number,
    deliver: (connectionId: string, text: string) => DeliveryOutcome,
  ): Promise<DeliveryOutcome> {
    const { time, chaos } = this.options;
    const isStorm = !chaos.isCalm && time.now() < chaos.stormUntil;
    const fault = isStorm
      ? 'post throttled'
      : chaos.pick(
          'post gone',
          'post throttled',
          'post failed before',
          'post failed after',
          'post lost before',
          'post lost after',
          'post duplicate',
          'post delay',
        );
    const key = `${connectionId} ${text}`;
    const before = this.outcomes.get(key);
    // After a 410 the service asks whether the connection is still there, and posts once more: that is no retry.
    const noted: PostOfRun = { connectionId, text, isRetry: before !== undefined && before !== 'gone' };
    this.posts.push(noted);
    this.outcomes.set(key, 'under way');
    const answers: Partial<Record<Kind, DeliveryOutcome>> = {
      'post gone': 'gone',
      'post throttled': 'throttled',
      'post failed before': 'failed',
      'post lost before': 'lost',
    };
    const delayMs = fault === 'post delay' ? time.random() * timeoutMs * 0.9 : time.random() * 4;
    const refusal = fault && answers[fault];
    const outcome = await this.call(
      'post',
      () => {
        if (refusal !== undefined) return Promise.resolve(refusal);
        if (fault === 'post duplicate') deliver(connectionId, text);
        return Promise.resolve(deliver(connectionId, text));
      },
      true,
    );
    this.underWay += 1;
    const isLost = fault === 'post lost before' || fault === 'post lost after' || outcome === 'lost';
    await this.wait(isLost ? timeoutMs : delayMs);
    this.underWay -= 1;
    const isHidden =
      outcome === 'delivered' && (fault === 'post failed after' || fault === 'post lost after');
    const seen = isHidden ? (fault === 'post failed after' ? 'failed' : 'lost') : outcome;
    if (seen !== 'delivered') this.refusedBy.add(connectionId);
    this.outcomes.set(key, seen);
    noted.outcome = seen;
    noted.toldAt = time.now();
    return seen;
  }
}

function faultsOf(name: string): Kind[] {
  const common: Kind[] = [
    'kill before',
    'kill after',
    'store error before',
    'store throttle',
    'store delay',
    'store hang before',
  ];
  if (reads.has(name)) return common;
  return [...common, 'store error after', 'store hang after', 'store late write', 'store duplicate'];
}
