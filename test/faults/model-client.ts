/**
 * A small level 1 client, as simple as one can be that keeps the promise: it shows each message of a log once and in order,
 * resumes by position, asks the history for holes, and repeats a publish with `retry`. Time and sockets are given.
 */
import { channelSubject, inboxSubject } from '../../lambda/shared/subjects';
import { framesOf, isMessage } from './checker';
import type { LogPosition, Publication, View } from './record';

export interface Time {
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Wire {
  send(text: string): void;
  /** Ends the connection; `rudely` without a closing handshake. */
  end(rudely: boolean): void;
}

export interface Listener {
  onText(text: string): void;
  onClose(): void;
}

/** Opens a socket; rejects when the handshake is refused or broken. */
export type Dial = (listener: Listener) => Promise<Wire>;

export interface ModelClientOptions {
  readonly identity: { readonly name: string; readonly tenantId: string; readonly agentId: string };
  readonly time: Time;
  readonly random: () => number;
  readonly dial: Dial;
  readonly onView: (view: View) => void;
  readonly pingMs: number;
  readonly answerMs: number;
}

/** One log as the client follows it. */
interface Following {
  readonly view: View;
  /** What has been shown; `undefined` before the server's first word. */
  at: LogPosition | undefined;
  /** Whether the next replayed message is the log's first that is left. */
  takesFirst: boolean;
  readonly ahead: Map<number, Record<string, unknown>>;
  /** When a question about a hole is repeated. */
  askAgainAt: number;
}

interface Pending {
  readonly settle: (answer: Record<string, unknown> | undefined) => void;
}

const inbox = '$inbox';
/** ACK-6: an id is not sent again sooner. */
const soonestRetryMs = 100;
/** Pings without an answer, after which a connection counts as lost. */
const maxUnanswered = 2;
const maxDoublings = 3;

export class ModelClient {
  private readonly followed = new Map<string, Following>();
  private readonly pending = new Map<string, Pending>();
  private readonly leaving: Record<string, unknown>[] = [];
  private wire: Wire | undefined;
  private closed: (() => void) | undefined;
  private isStopped = false;
  private awayUntil = 0;
  /** Questions in a row that got no answer. */
  private silences = 0;
  private ids = 0;
  private connectedOnce: (() => void)[] = [];

  constructor(private readonly options: ModelClientOptions) {}

  get isConnected(): boolean {
    return this.wire !== undefined;
  }

  /** Keeps connected until `stop`. */
  async run(): Promise<void> {
    const { time, random, dial } = this.options;
    let failures = 0;
    while (!this.isStopped) {
      try {
        const closing = new Promise<void>((resolve) => (this.closed = resolve));
        const wire = await dial({
          onText: (text) => {
            this.hear(text);
          },
          onClose: () => this.closed?.(),
        });
        this.wire = wire;
        failures = 0;
        for (const resolve of this.connectedOnce.splice(0)) resolve();
        void this.hello();
        void this.pings(wire);
        await closing;
      } catch {
        failures += 1;
      }
      this.wire = undefined;
      for (const [id, { settle }] of this.pending) {
        this.pending.delete(id);
        settle(undefined);
      }
      await time.sleep(
        Math.max(0, this.awayUntil - time.now()) +
          random() * Math.min(2_000, 100 * 2 ** Math.max(failures, this.silences)),
      );
    }
  }

  stop(): void {
    this.isStopped = true;
    this.wire?.end(false);
  }

  /** Loses the connection; `run` opens the next one. */
  drop(rudely: boolean): void {
    this.wire?.end(rudely);
    if (rudely) this.closed?.();
  }

  /** Leaves, and comes back after a while. */
  leaveFor(ms: number): void {
    this.awayUntil = this.options.time.now() + ms;
    this.drop(false);
  }

  follow(channelId: string): void {
    if (this.followed.has(channelId)) return;
    const { identity, onView } = this.options;
    const { name, tenantId, agentId } = identity;
    const subject =
      channelId === inbox ? inboxSubject(tenantId, agentId) : channelSubject(tenantId, channelId);
    const view: View = {
      tenantId,
      client: name,
      subject,
      sights: [],
      mustBeComplete: true,
    };
    onView(view);
    this.followed.set(channelId, { view, at: undefined, takesFirst: false, ahead: new Map(), askAgainAt: 0 });
    if (this.isConnected && channelId !== inbox) this.subscribe(channelId);
  }

  /** From now on nothing is shown; what is under way is dropped. */
  unfollow(channelId: string): void {
    const following = this.followed.get(channelId);
    if (following === undefined) return;
    following.view.mustBeComplete = false;
    this.followed.delete(channelId);
    this.send({ type: 'unsubscribe', id: this.newId('u'), channel_id: channelId });
  }

  /** Publishes until it is acknowledged, refused or tried often enough. */
  async publish(
    publication: Publication,
    frame: Record<string, unknown>,
    maxAttempts: number,
  ): Promise<void> {
    const { time, random, answerMs } = this.options;
    while (publication.attempts < maxAttempts) {
      if (!this.isConnected) {
        await Promise.race([
          new Promise<void>((resolve) => this.connectedOnce.push(resolve)),
          time.sleep(answerMs),
        ]);
      }
      if (!this.isConnected) {
        if (this.isStopped) return;
        continue;
      }
      publication.attempts += 1;
      const isRetry = publication.attempts > 1;
      const answer = this.answerTo(publication.id);
      this.sendWithOthers({ ...frame, id: publication.id, ...(isRetry ? { retry: true } : {}) });
      const said = await this.within(this.patienceMs, answer);
      if (said?.type === 'ACK') return;
      const isFinal = said !== undefined && said.code !== 'unavailable' && said.code !== 'internal';
      if (isFinal) {
        publication.outcome = 'refused';
        return;
      }
      await time.sleep(
        soonestRetryMs * 2 ** Math.min(publication.attempts - 1, maxDoublings) * (1 + random()),
      );
    }
  }

  /** Without a WELCOME nothing is certain; a new connection asks again. */
  private async hello(): Promise<void> {
    const { wire } = this;
    const answer = await this.ask('h', { type: 'hello', resume: this.places() });
    if (this.wire !== wire) return;
    this.note(answer?.type === 'WELCOME');
    if (answer?.type !== 'WELCOME') this.drop(false);
  }

  private async pings(wire: Wire): Promise<void> {
    const { time, pingMs, random } = this.options;
    let unanswered = 0;
    for (;;) {
      await time.sleep(pingMs * 2 ** Math.min(this.silences, maxDoublings) * (0.8 + 0.4 * random()));
      if (this.wire !== wire) return;
      const answer = await this.ask('p', { type: 'ping', channels: this.places() });
      if (this.wire !== wire) return;
      this.note(answer?.type === 'PONG');
      unanswered = answer?.type === 'PONG' ? 0 : unanswered + 1;
      if (unanswered === maxUnanswered) {
        this.drop(true);
        return;
      }
    }
  }

  private places(): Record<string, unknown>[] {
    return [...this.followed].map(([channelId, { at }]) => ({ channel_id: channelId, ...at }));
  }

  /**
   * Doubles with every silence. Clients that leave sooner than a busy service answers, and come back at once, keep it busy
   * for ever: each connection costs it more than the answer would have.
   */
  private get patienceMs(): number {
    return this.options.answerMs * 2 ** Math.min(this.silences, maxDoublings);
  }

  private note(isAnswered: boolean): void {
    this.silences = isAnswered ? 0 : this.silences + 1;
  }

  /** The answer to a control frame; `undefined` when none comes in time, or the connection ends. */
  private ask(prefix: string, frame: Record<string, unknown>): Promise<Record<string, unknown> | undefined> {
    const id = this.newId(prefix);
    const answer = this.answerTo(id);
    this.send({ ...frame, id });
    return this.within(this.patienceMs, answer);
  }

  private within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
    return Promise.race([answer, this.options.time.sleep(ms).then(() => undefined)]);
  }

  private subscribe(channelId: string): void {
    const at = this.followed.get(channelId)?.at;
    this.send({ type: 'subscribe', id: this.newId('s'), channel_id: channelId, ...(at && { since: at }) });
  }

  /** What is published in one turn goes out as one batch, half of the time. */
  private sendWithOthers(frame: Record<string, unknown>): void {
    this.leaving.push(frame);
    if (this.leaving.length > 1) return;
    queueMicrotask(() => {
      const frames = this.leaving.splice(0);
      if (frames.length > 1 && this.options.random() < 0.5) this.send(frames);
      else for (const each of frames) this.send(each);
    });
  }

  private send(frame: Record<string, unknown> | readonly Record<string, unknown>[]): void {
    this.wire?.send(JSON.stringify(frame));
  }

  private newId(prefix: string): string {
    this.ids += 1;
    return `${prefix}${this.ids}`;
  }

  private answerTo(id: string): Promise<Record<string, unknown> | undefined> {
    return new Promise((settle) => this.pending.set(id, { settle }));
  }

  private hear(text: string): void {
    for (const frame of framesOf(text)) this.handle(frame);
  }

  private handle(frame: Record<string, unknown>): void {
    if (isMessage(frame)) {
      this.takeMessage(frame);
      return;
    }
    const id = String(frame.message_id);
    switch (frame.type) {
      case 'WELCOME':
        for (const state of frame.channels as Record<string, unknown>[]) this.takeState(state);
        break;
      case 'SUBSCRIBED':
        this.takeState(frame);
        break;
      case 'REPLAYED':
        this.takeReplayed(frame);
        break;
      case 'HISTORY':
        this.takeHistory(frame);
        break;
      case 'PONG':
        for (const state of frame.channels as Record<string, unknown>[]) this.compare(state);
        break;
      case 'GOAWAY':
        this.drop(false);
        break;
      case 'ERROR':
        if (frame.code === 'not_recoverable')
          for (const channelId of this.followed.keys()) if (channelId !== inbox) this.subscribe(channelId);
        break;
      case undefined:
        // The platform's own error names no message: everything that waits may have failed.
        for (const [waiting, { settle }] of this.pending) {
          this.pending.delete(waiting);
          settle({ type: 'ERROR', code: 'unavailable' });
        }
        return;
    }
    this.pending.get(id)?.settle(frame);
    this.pending.delete(id);
  }

  /** Where the server says that a followed log stands, and whether the client can go on from where it was. */
  private takeState(state: Record<string, unknown>): void {
    const following = this.followed.get(String(state.channel_id));
    if (following === undefined || typeof state.epoch !== 'string') return;
    const head: LogPosition = { epoch: state.epoch, sequence: Number(state.sequence) };
    if (following.at === undefined) {
      following.at = head;
      following.view.sights.push({ kind: 'start', place: head });
    } else if (state.recovered === false) {
      // What was shown meanwhile may be further on.
      if (following.at.epoch === head.epoch && following.at.sequence >= head.sequence) return;
      following.at = head;
      following.ahead.clear();
      following.view.sights.push({ kind: 'reset', place: head, reason: String(state.reason) });
    } else if (state.recovered === true && isEmpty(following.at) && !isEmpty(head)) {
      following.takesFirst = true;
    } else if (isEmpty(following.at) && isEmpty(head)) {
      following.at = head;
    }
    this.drain(following);
  }

  private takeMessage(frame: Record<string, unknown>): void {
    const channelId = frame.to === undefined ? String(frame.channel_id) : inbox;
    const following = this.followed.get(channelId);
    if (following?.at === undefined || frame.sequence === undefined) return;
    const sequence = Number(frame.sequence);
    const epoch = String(frame.epoch);
    const at = following.at;
    if (isEmpty(at)) {
      // The log has begun since; its first message is either this one or comes by the replay.
      if (sequence === 1 || (following.takesFirst && frame.replayed === true)) {
        following.at = { epoch, sequence: sequence - 1 };
        following.takesFirst = false;
      } else this.resumeSoon(channelId, following);
    } else if (at.epoch !== epoch) {
      this.resumeSoon(channelId, following);
      return;
    }
    following.ahead.set(sequence, frame);
    this.drain(following);
    if (following.ahead.size > 0) this.askForHole(channelId, following);
  }

  private drain(following: Following): void {
    for (;;) {
      const { at, ahead, view } = following;
      if (at === undefined || isEmpty(at)) return;
      for (const sequence of ahead.keys()) if (sequence <= at.sequence) ahead.delete(sequence);
      const next = ahead.get(at.sequence + 1);
      if (next?.epoch !== at.epoch) return;
      following.at = { epoch: at.epoch, sequence: at.sequence + 1 };
      view.sights.push({
        kind: 'shown',
        place: following.at,
        id: String(next.id),
        agentId: String(next.agent_id),
        tenantId: String(next.tenant_id),
        tag: String(next.content),
      });
    }
  }

  private takeReplayed(frame: Record<string, unknown>): void {
    const channelId = String(frame.channel_id);
    const following = this.followed.get(channelId);
    if (following?.at === undefined) return;
    this.takeGaps(following, frame);
    if (isEmpty(following.at) && following.takesFirst) {
      // Nothing was left to replay.
      following.at = { epoch: String(frame.epoch), sequence: Number(frame.sequence) };
      following.takesFirst = false;
      this.drain(following);
    }
    this.compare(frame);
  }

  private takeHistory(frame: Record<string, unknown>): void {
    const following = this.followed.get(String(frame.channel_id));
    if (following === undefined) return;
    for (const message of frame.messages as Record<string, unknown>[]) this.takeMessage(message);
    this.takeGaps(following, frame);
    if (frame.last === true) {
      // At once would be a hot loop with a server that gives nothing.
      following.askAgainAt = this.options.time.now() + 200;
      this.compare(frame);
    }
  }

  private takeGaps(following: Following, { gaps }: Record<string, unknown>): void {
    for (const { from, to, reason } of (gaps ?? []) as { from: number; to: number; reason: string }[]) {
      const { at, view } = following;
      if (at === undefined || to <= at.sequence || from > at.sequence + 1) continue;
      view.sights.push({ kind: 'gap', from: at.sequence + 1, to, reason });
      following.at = { epoch: at.epoch, sequence: to };
      this.drain(following);
    }
  }

  /** A head that differs from what was shown: something did not come. */
  private compare(state: Record<string, unknown>): void {
    const channelId = String(state.channel_id);
    const following = this.followed.get(channelId);
    if (following === undefined) return;
    const { at } = following;
    if (at === undefined) {
      if (channelId === inbox) void this.hello();
      else this.subscribe(channelId);
    } else if (at.epoch !== state.epoch) {
      this.resumeSoon(channelId, following);
    } else if (Number(state.sequence) > at.sequence) {
      this.askForHole(channelId, following);
    }
  }

  private askForHole(channelId: string, following: Following): void {
    const { at } = following;
    if (at === undefined || isEmpty(at) || !this.isTime(following)) return;
    this.send({ type: 'history', id: this.newId('q'), channel_id: channelId, after: at, limit: 1_000 });
  }

  private resumeSoon(channelId: string, following: Following): void {
    if (!this.isTime(following)) return;
    if (channelId === inbox) void this.hello();
    else this.subscribe(channelId);
  }

  /** A question is not repeated while its answer may be under way. */
  private isTime(following: Following): boolean {
    const now = this.options.time.now();
    if (now < following.askAgainAt) return false;
    following.askAgainAt = now + this.patienceMs;
    return true;
  }
}

function isEmpty({ epoch }: LogPosition): boolean {
  return epoch.startsWith('empty-');
}
