/**
 * The process of the clients: one publishes on a schedule, all count the messages that arrive. A message is sent at
 * its scheduled time, or when all clients have the previous one, whichever is later. Latency counts from the
 * scheduled time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { serveIpc } from '../serve-ipc';
import { percentile } from '../stats';
import { type Dialect, type DeliveryStats, openPeer, type Peer } from './peers';

/** Opens the connections, one per URL; the first one publishes. */
export interface OpenTask {
  readonly dialect: Dialect;
  readonly urls: readonly string[];
}

export interface PublishTask {
  /** The prefix of the message ids of this load. */
  readonly prefix: string;
  readonly bytes: number;
  readonly intervalMs: number;
  readonly durationMs: number;
  readonly maxPublishes: number;
  /** Whether the server acknowledges. */
  readonly acknowledges: boolean;
}

export interface ClientFigures {
  readonly publishes: number;
  readonly deliveries: number;
  /** While messages were in flight. */
  readonly deliveriesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ackP50Ms: number | undefined;
  readonly ackP99Ms: number | undefined;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
}

const timeoutMs = 30_000;
const connectConcurrency = 25;
const attempts = 5;
/** Time to wait for duplicates after the last message. */
const drainMs = 100;

class Load {
  private sentFor = 0;
  private current = -1;
  private missing = 0;
  private whenComplete: () => void = () => undefined;
  private deliveries = 0;
  private duplicated = 0;
  private reordered = 0;
  private corrupted = 0;
  private readonly latencies: number[] = [];
  private readonly ackLatencies: number[] = [];
  private readonly seen: Set<number>[] = [];

  constructor(
    private readonly task: PublishTask,
    private readonly peers: readonly Peer[],
  ) {
    for (const [index, peer] of peers.entries()) {
      this.seen.push(new Set());
      peer.receive = (received) => {
        this.receive(index, received);
      };
    }
  }

  async run(): Promise<ClientFigures> {
    const { intervalMs, durationMs, maxPublishes, bytes, acknowledges, prefix } = this.task;
    const content = 'x'.repeat(bytes);
    const begin = performance.now();
    let busyMs = 0;
    let publishes = 0;
    while (publishes < maxPublishes && performance.now() - begin < durationMs) {
      this.sentFor = begin + publishes * intervalMs;
      await sleep(Math.max(0, this.sentFor - performance.now()));
      const sentAt = performance.now();
      this.current = publishes;
      this.missing = this.peers.length + (acknowledges ? 1 : 0);
      const complete = new Promise<void>((resolve) => (this.whenComplete = resolve));
      this.peers[0]?.publish(prefix + String(publishes), content);
      publishes += 1;
      const isComplete = await Promise.race([
        complete.then(() => true),
        sleep(timeoutMs, false, { ref: false }),
      ]);
      busyMs += performance.now() - sentAt;
      if (!isComplete) break;
    }
    await sleep(drainMs);
    const received = this.seen.reduce((sum, { size }) => sum + size, 0);
    const sorted = this.latencies.sort((a, b) => a - b);
    const acks = this.ackLatencies.sort((a, b) => a - b);
    return {
      publishes,
      deliveries: this.deliveries,
      deliveriesPerSecond: (this.deliveries / busyMs) * 1_000,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      ackP50Ms: acknowledges ? percentile(acks, 0.5) : undefined,
      ackP99Ms: acknowledges ? percentile(acks, 0.99) : undefined,
      lost: publishes * this.peers.length - received,
      duplicated: this.duplicated,
      reordered: this.reordered,
      corrupted: this.corrupted,
    };
  }

  private receive(client: number, received: DeliveryStats): void {
    if (received.kind === 'other') return;
    const now = performance.now();
    if (received.kind === 'ack') {
      if (!received.id.startsWith(this.task.prefix)) return;
      this.ackLatencies.push(now - this.sentFor);
      this.tick();
      return;
    }
    const number = Number(received.id.slice(this.task.prefix.length));
    const seen = this.seen[client];
    const isOurs = received.id.startsWith(this.task.prefix) && Number.isInteger(number);
    if (!isOurs || received.content.length !== this.task.bytes) this.corrupted += 1;
    else if (seen?.has(number)) this.duplicated += 1;
    else {
      if (number !== this.current) this.reordered += 1;
      seen?.add(number);
      this.deliveries += 1;
      this.latencies.push(now - this.sentFor);
      this.tick();
    }
  }

  private tick(): void {
    this.missing -= 1;
    if (this.missing === 0) this.whenComplete();
  }
}

/** Retries, because on a busy machine the cold start of an authorizer can exceed its timeout. */
async function openWithRetries(dialect: Dialect, url: string): Promise<Peer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openPeer(dialect, url);
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

let peers: Peer[] = [];

serveIpc(async (task: OpenTask | PublishTask): Promise<ClientFigures | object> => {
  if (!('urls' in task)) return new Load(task, peers).run();
  peers = [];
  for (let index = 0; index < task.urls.length; index += connectConcurrency) {
    const urls = task.urls.slice(index, index + connectConcurrency);
    peers.push(...(await Promise.all(urls.map((url) => openWithRetries(task.dialect, url)))));
  }
  return {};
});
