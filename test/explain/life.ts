/**
 * A schedule for `explain`: agents publish texts of one message and batches, to channels and to agents that come and go, under
 * every fault of the runs in memory. Ids are few, so that they are used again, by other agents too. Everything that a run
 * of a function wrote, posted and started is kept, as the truth.
 */
import { seededRandom } from '../../gateway/faults/decisions';
import { channelSubject, inboxSubject } from '../../lambda/shared/subjects';
import { Chaos, type Counts } from '../faults/memory/chaos';
import { type EndedRun, type Handshake, MemoryPlatform } from '../faults/memory/platform';
import { VirtualTime } from '../faults/memory/virtual-time';
import type { Wire } from '../faults/model-client';

const tenants = ['t1', 't2'];
const channels = ['news', 'work'];
const publishers = ['a', 'b', 'c'];
const sleepers = ['s', 't'];
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A message that stands, or stood, in a log, and the run that has written it. */
export interface WrittenMessage {
  readonly id: string;
  readonly tenantId: string;
  readonly agentId: string;
  readonly channelId: string | undefined;
  readonly to: string | undefined;
  readonly sequence: number;
  readonly epoch: string;
  readonly timestamp: number;
  readonly subject: string;
  /** Unique. */
  readonly content: string;
  readonly writer: EndedRun;
}

export interface Life {
  readonly messages: readonly WrittenMessage[];
  readonly lines: readonly string[];
  readonly runs: readonly EndedRun[];
}

class LifeOfOneSeed {
  private readonly random: () => number;
  private readonly time: VirtualTime;
  private readonly chaos: Chaos;
  private readonly platform: MemoryPlatform;
  private readonly runs: EndedRun[] = [];
  private readonly wires = new Map<string, Wire>();
  private contents = 0;
  private requests = 0;

  constructor(
    private readonly seed: number,
    counts: Counts,
  ) {
    this.random = seededRandom(seed);
    this.time = new VirtualTime(seededRandom(seed ^ 0x5bd1e995));
    this.chaos = new Chaos(seededRandom(seed ^ 0x2545f491), counts);
    this.platform = new MemoryPlatform(this.time, this.chaos, {
      retentionMs: hourMs,
      ownReceivers: seed % 3 === 0 ? 1 : undefined,
      onRunEnd: (ended) => this.runs.push(ended),
    });
  }

  async live(texts: number): Promise<Life> {
    for (const tenantId of tenants) {
      for (const agentId of publishers) this.keepConnected({ tenantId, agentId, level: 1 }, true);
      for (const channelId of channels)
        this.keepConnected({ tenantId, agentId: `old-${channelId}`, channelId, level: 0 }, false);
      for (const agentId of sleepers) this.keepConnected({ tenantId, agentId, level: 0 }, false);
    }
    await this.time.runUntil(this.time.now() + 1_000);
    for (let text = 0; text < texts; text++) {
      // Half of them at once, so that texts compete for the places of a log.
      if (this.random() < 0.5) await this.time.runUntil(this.time.now() + this.random() * 500);
      this.act();
      // New epochs, in which sequences and ids come again.
      if (text === Math.floor(texts / 2) && this.seed % 2 === 0) await this.forgetLogs();
    }
    await this.time.runUntil(this.time.now() + 70_000);
    return { messages: this.messages(), lines: this.platform.logLines, runs: this.runs };
  }

  private act(): void {
    const { random, chaos } = this;
    const tenantId = this.pick(tenants);
    const agentId = this.pick(publishers);
    const chance = random();
    if (chaos.hits('post storm')) chaos.stormUntil = this.time.now() + 1_000;
    if (chance < 0.05) this.wires.get(`${tenantId} ${this.pick(sleepers)}`)?.end(random() < 0.5);
    else if (chance < 0.08) this.wires.get(`${tenantId} ${agentId}`)?.end(random() < 0.5);
    else if (chance < 0.14) this.publishOverHttp(tenantId, agentId);
    else this.wires.get(`${tenantId} ${agentId}`)?.send(this.text());
  }

  private text(): string {
    const size = this.random() < 0.5 ? 1 : 2 + Math.floor(this.random() * 11);
    const frames = Array.from({ length: size }, () => this.frame(this.target()));
    return JSON.stringify(size === 1 ? frames[0] : frames);
  }

  private target(): object {
    return this.random() < 0.25 ? { to: this.pick(sleepers) } : { channel_id: this.pick(channels) };
  }

  private frame(target: object): object {
    return {
      id: `m${Math.floor(this.random() * 20)}`,
      content: `content ${(this.contents += 1)}`,
      ...target,
      ...(this.random() < 0.1 && { ephemeral: true }),
      ...(this.random() < 0.15 && { retry: true }),
      ...(this.random() < 0.3 && { echo: false }),
    };
  }

  private publishOverHttp(tenantId: string, agentId: string): void {
    const { time, random } = this;
    const exp = Math.floor((time.now() + hourMs) / 1_000);
    const token = Buffer.from(JSON.stringify({ tenant_id: tenantId, agent_id: agentId, exp })).toString(
      'base64url',
    );
    const receiver = random() < 0.3 ? `agents/${this.pick(sleepers)}` : `channels/${this.pick(channels)}`;
    void this.platform.request({
      rawPath: `/v1/${receiver}/messages`,
      rawQueryString: '',
      headers: { authorization: `Bearer ${token}` },
      requestContext: {
        requestId: `h${(this.requests += 1)}`,
        timeEpoch: time.now(),
        http: { method: 'POST', sourceIp: '192.0.2.1' },
      },
      body: JSON.stringify(this.frame({})),
      isBase64Encoded: false,
    });
  }

  /** Redials when it is cut off, after a while in which messages for it are stored. */
  private keepConnected(handshake: Handshake, isSubscriber: boolean): void {
    const { time, random } = this;
    const redial = async (): Promise<void> => {
      for (;;) {
        await new Promise<void>((closed) => {
          this.platform.dial(handshake, { onClose: closed, onText: () => undefined }).then((wire) => {
            this.wires.set(`${handshake.tenantId} ${handshake.agentId}`, wire);
            if (isSubscriber) wire.send(subscribeAll);
          }, closed);
        });
        await time.sleep(100 + random() * 3_000);
      }
    };
    void redial();
  }

  /** Everything expires and is deleted, the marks too. */
  private async forgetLogs(): Promise<void> {
    await this.time.runUntil(this.time.now() + 30_000);
    for (const subject of new Set(this.written().map((each) => each.subject))) {
      for (const { sequence } of this.platform.history.rows(subject))
        this.platform.history.delete(subject, sequence);
      this.platform.history.delete(subject, 0);
    }
    await this.time.runUntil(this.time.now() + dayMs / 24);
  }

  private written() {
    return this.runs.flatMap((writer) =>
      writer.written.map(({ subject, row }) => ({ subject, row, writer })),
    );
  }

  private messages(): WrittenMessage[] {
    const logs = new Map<string, Pick<WrittenMessage, 'tenantId' | 'channelId' | 'to'>>();
    for (const tenantId of tenants) {
      for (const channelId of channels)
        logs.set(channelSubject(tenantId, channelId), { tenantId, channelId, to: undefined });
      for (const to of sleepers) logs.set(inboxSubject(tenantId, to), { tenantId, to, channelId: undefined });
    }
    return this.written().map(({ subject, row, writer }) => {
      const { id, agentId, sequence, epoch, timestamp, body } = row;
      const { content } = JSON.parse(body) as { readonly content: string };
      const place = logs.get(subject);
      if (place === undefined) throw new Error(`A run has written to ${subject}`);
      return { ...place, subject, id, agentId, sequence, epoch, timestamp, content, writer };
    });
  }

  private pick(names: readonly string[]): string {
    return names[Math.floor(this.random() * names.length)] ?? '';
  }
}

const subscribeAll = JSON.stringify(
  channels.map((channelId) => ({ type: 'subscribe', id: `s-${channelId}`, channel_id: channelId })),
);

export function liveFor(seed: number, texts: number, counts: Counts): Promise<Life> {
  return new LifeOfOneSeed(seed, counts).live(texts);
}
