/**
 * One random schedule: agents of two tenants connect, subscribe, publish, drop, come back and leave, while calls and events
 * go wrong; then all faults end, everybody comes to rest, and the record of it is given to the checker.
 */
import type { MemoryHistoryStore } from '../../doubles/memory-history-store';
import { seededRandom } from '../../../gateway/faults/decisions';
import { ModelClient, type Wire } from '../model-client';
import type { LogRowSeen, Publication, RunRecord, View, Violation } from '../record';
import { type Identity, Recorder, type Target } from '../recorder';
import { Chaos, type Counts } from './chaos';
import { HttpPublisher } from './http-publisher';
import { type Handshake, MemoryPlatform, type PlatformOptions } from './platform';
import { VirtualTime } from './virtual-time';

const tenants = ['t1', 't2'];
const channels = ['news', 'work'];
const hourMs = 3_600_000;
/** How long the clients act, and how long they then have to come to rest. */
const activeMs = 12_000;
const restMs = 35_000;
const pingMs = 10_000;
const answerMs = 5_000;

export interface ScheduleResult {
  readonly record: RunRecord;
  /** What was wrong in the moment when it happened. */
  readonly violations: readonly Violation[];
  /** Messages that an application saw or a socket of the original protocol got. */
  readonly deliveries: number;
  /** Those of them that came after a fault. */
  readonly troubled: number;
}

export class Schedule {
  readonly random: () => number;
  readonly time: VirtualTime;
  readonly chaos: Chaos;
  readonly platform: MemoryPlatform;
  readonly recorder: Recorder;
  readonly clients: { readonly client: ModelClient; readonly identity: Identity }[] = [];
  readonly violations: Violation[] = [];
  readonly listeners: { readonly handshake: Handshake; readonly drop: () => void }[] = [];
  deliveries = 0;
  troubled = 0;

  constructor(
    seed: number,
    counts: Counts,
    private readonly options: PlatformOptions & { readonly mayExpire: boolean },
  ) {
    this.random = seededRandom(seed);
    this.time = new VirtualTime(seededRandom(seed ^ 0x5bd1e995));
    this.chaos = new Chaos(seededRandom(seed ^ 0x2545f491), counts);
    this.platform = new MemoryPlatform(this.time, this.chaos, options);
    this.recorder = new Recorder(
      () => this.time.now(),
      (view, sight) => {
        if (sight.kind === 'shown') this.count();
        if (sight.kind === 'reset') this.checkReset(view, sight.reason);
      },
    );
  }

  /** A client of level 1 that keeps connected. */
  addClient(tenantId: string, agentId: string, name: string): ModelClient {
    const handshake = { tenantId, agentId, level: 1 };
    const identity = { name, tenantId, agentId, channels };
    const client = new ModelClient({
      identity,
      time: this.time,
      random: this.random,
      pingMs,
      answerMs,
      dial: (listener) =>
        this.platform.dial(handshake, {
          onClose: () => {
            listener.onClose();
          },
          onText: (text) => {
            this.recorder.hear(identity, text);
            listener.onText(text);
          },
        }),
      onView: (view) => {
        this.recorder.addView(view);
      },
    });
    this.clients.push({ client, identity });
    void client.run();
    return client;
  }

  /** A client of the original protocol on one channel, which redials when it is cut off. */
  addListener(handshake: Handshake, name: string): void {
    let wire: Wire | undefined;
    const identity = { ...handshake, name, channels: [handshake.channelId ?? ''] };
    this.listeners.push({ handshake, drop: () => wire?.end(false) });
    const redial = async (): Promise<void> => {
      for (;;) {
        const closed = new Promise<void>((resolve) => {
          const listener = {
            onClose: resolve,
            onText: (text: string) => {
              this.recorder.hear(identity, text);
              this.count();
            },
          };
          this.platform.dial(handshake, listener).then((opened) => (wire = opened), resolve);
        });
        await closed;
        // Long enough to miss something.
        await this.time.sleep(100 + this.random() * 3_000);
      }
    };
    void redial();
  }

  publish(index: number, target: Target, maxAttempts = 6): void {
    const { client, identity } = this.clients[index]!;
    void this.recorder.publish(client, identity, target, maxAttempts);
  }

  /** One message over HTTP, of an agent without a socket. */
  publishOverHttp(agentId: string, target: Target, maxAttempts = 6): void {
    const identity = { name: agentId, tenantId: 't1', agentId, channels: [] };
    const publisher = new HttpPublisher({
      identity,
      time: this.time,
      request: (event) => this.platform.request(event),
      onAnswer: (text) => {
        this.recorder.hear(identity, text);
      },
    });
    void this.recorder.publish(publisher, identity, target, maxAttempts);
  }

  /** Random life for a while. */
  async live(): Promise<void> {
    const { random, time, chaos } = this;
    const agents = 2 + Math.floor(random() * 3);
    for (const tenantId of tenants) {
      for (let index = 0; index < agents; index++) {
        const agentId = `a${index}`;
        const client = this.addClient(tenantId, agentId, `${tenantId}-${agentId}`);
        client.follow('$inbox');
        for (const channelId of channels) if (random() < 0.7) client.follow(channelId);
      }
      this.addListener({ tenantId, agentId: 'old', channelId: 'news', level: 0 }, `${tenantId}-old`);
    }
    const end = time.now() + activeMs;
    while (time.now() < end) {
      await time.runUntil(time.now() + random() * 600);
      this.act();
      if (chaos.hits('post storm')) chaos.stormUntil = time.now() + 2_000;
      if (this.options.mayExpire && random() < 0.1) await this.pass();
    }
  }

  /** The end of all faults: everybody comes back, says a last word, and gets what there is. */
  async rest(): Promise<void> {
    const { time } = this;
    this.chaos.isCalm = true;
    await time.runUntil(time.now() + 20_000);
    // A message that no connection took is pushed on the next connect.
    for (const { client } of this.clients) client.drop(false);
    for (const { drop } of this.listeners) drop();
    await time.runUntil(time.now() + 20_000);
    this.recorder.isCalm = true;
    for (const index of this.clients.keys()) this.publish(index, { channelId: 'news' });
    await time.runUntil(time.now() + restMs);
  }

  /** After the last fault: one sweep, and presence is the set of open sockets, with no row left for a closed one. */
  async sweep(): Promise<void> {
    const { time, platform } = this;
    // Until everybody is due for a question.
    await time.runUntil(time.now() + 11 * 60_000);
    void platform.sweep();
    await time.runUntil(time.now() + 2 * 60_000);
    for (const what of platform.differences()) this.violations.push({ rule: 'I6 presence', what });
  }

  result(): ScheduleResult {
    const record: RunRecord = {
      publications: this.recorder.publications,
      views: this.recorder.views,
      logs: logsOf(this.platform.history, this.recorder.publications, this.time.now()),
      logLines: this.platform.logLines,
      received: this.recorder.received,
      secrets: [],
      mayExpire: this.options.mayExpire,
      returned: this.options.mayExpire ? [] : this.listeners.map(({ handshake }) => handshake),
      inside: this.platform.inside,
    };
    return { record, violations: this.violations, deliveries: this.deliveries, troubled: this.troubled };
  }

  /** Everybody is away for so long that messages expire, and some of the expired ones are deleted. */
  private async pass(): Promise<void> {
    const { random, time, platform } = this;
    const awayMs = (0.3 + random() * 4) * this.options.retentionMs;
    for (const { client } of this.clients) client.leaveFor(awayMs);
    await time.runUntil(time.now() + awayMs);
    if (random() < 0.5) void platform.sweep();
    for (const subject of new Set(this.recorder.publications.map((each) => each.subject))) {
      for (const { sequence, expiresAt } of platform.history.rows(subject)) {
        if (expiresAt + hourMs < time.now() && random() < 0.5) platform.history.delete(subject, sequence);
      }
    }
    await time.runUntil(time.now() + 2_000);
  }

  private act(): void {
    const { random, clients } = this;
    const index = Math.floor(random() * clients.length);
    const { client } = clients[index]!;
    const channelId = channels[Math.floor(random() * channels.length)] ?? '';
    const chance = random();
    if (chance < 0.05) this.publish(index, { channelId, isEphemeral: true });
    else if (chance < 0.55)
      for (let burst = 1 + Math.floor(random() * 4); burst > 0; burst--) this.publish(index, { channelId });
    else if (chance < 0.7)
      this.publish(index, { to: random() < 0.5 ? 'old' : `a${Math.floor(random() * 5)}` });
    else if (chance < 0.75) this.listeners[Math.floor(random() * this.listeners.length)]?.drop();
    else if (chance < 0.82) client.drop(random() < 0.5);
    else if (chance < 0.9) {
      client.follow(channelId);
      // Just then, so that it meets the subscription half made.
      const other = Math.floor(random() * clients.length);
      for (let count = 0; count < 3; count++) this.publish(other, { channelId });
    } else client.unfollow(channelId);
  }

  /** A client is sent back to the head only when something after its position can't be given any more. */
  private checkReset({ sights, subject, client }: View, reason: string): void {
    const last = sights.at(-1);
    if (last === undefined || last.kind === 'gap') return;
    const next = this.platform.history
      .rows(subject)
      .find(({ sequence }) => sequence === last.place.sequence + 1);
    // Clocks of functions may differ by five minutes.
    const now = this.time.now();
    const wasThere = next !== undefined && next.timestamp < now - 600_000 && next.expiresAt > now + 600_000;
    if (wasThere && next.epoch === last.place.epoch)
      this.violations.push({
        rule: 'I2 reset',
        what: `${client} on ${subject} was sent back from ${last.place.sequence} (${reason}), and what followed was there`,
      });
  }

  private count(): void {
    this.deliveries += 1;
    if (this.chaos.fired > 0) this.troubled += 1;
  }
}

/** The logs as they are, with what each content says of itself. */
function logsOf(
  history: MemoryHistoryStore,
  publications: readonly Publication[],
  now: number,
): Map<string, LogRowSeen[]> {
  const subjects = new Set(publications.map(({ subject }) => subject));
  return new Map(
    [...subjects].map((subject) => [
      subject,
      history
        .rows(subject)
        .map(({ epoch, sequence, id, agentId, body, timestamp, expiresAt }) => ({
          epoch,
          sequence,
          id,
          agentId,
          tag: String((JSON.parse(body) as { content: unknown }).content),
          at: timestamp,
          isReadable: expiresAt > now,
        }))
        .reverse(),
    ]),
  );
}

export async function runSchedule(seed: number, counts: Counts): Promise<ScheduleResult> {
  const mayExpire = seed % 8 === 0;
  const schedule = new Schedule(seed, counts, {
    retentionMs: mayExpire ? hourMs : 24 * hourMs,
    mayExpire,
    ownReceivers: seed % 3 === 0 ? 1 : undefined,
  });
  await schedule.live();
  await schedule.rest();
  if (seed % 4 === 1) await schedule.sweep();
  return schedule.result();
}
