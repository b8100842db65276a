/**
 * Load: thousands of connections over many channels, held for minutes on the laptop gateway while messages flow. Prints memory per
 * connection, its growth while held, what was lost, and what the machine was busy with.
 * `npm run suite load:held -- [connections] [channels] [seconds] [publishes per second]`; exit code 1 when anything is lost, doubled or closed.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { Bus } from '../helpers/bus';

interface Task {
  /** Connection n is on channel n modulo the number of channels. */
  readonly urls: readonly string[];
  readonly channels: number;
  readonly seconds: number;
  readonly perSecond: number;
}

interface Report {
  readonly connectSeconds: number;
  readonly published: number;
  readonly acknowledged: number;
  readonly expected: number;
  readonly delivered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly closed: number;
  readonly ackMs: readonly number[];
  readonly deliveryMs: readonly number[];
  readonly rssMb: number;
}

const connectConcurrency = 20;
const sampleEveryMs = 10_000;
/** What has not come by then is lost. */
const patienceMs = 30_000;

const megabytes = (bytes: number): number => Math.round(bytes / 104_857.6) / 10;
const tenths = (value: number): number => Math.round(value * 10) / 10;
const percentile = (values: readonly number[], part: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return tenths(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN);
};

interface Sample {
  readonly rss: number;
  readonly heap: number;
}

/** After a collection, so that garbage is not taken for growth. */
function sample(): Sample {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}

/** In the process of the gateway: its own memory and CPU time, those of its functions and tables included. */
async function main(
  connections: number,
  channels: number,
  seconds: number,
  perSecond: number,
): Promise<void> {
  const bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  const urls: string[] = [];
  for (let n = 0; n < connections; n++) {
    urls.push(
      await bus.urlFor({ tenant: 'held', agent: `agent-${n}` }, { channel: `channel-${n % channels}` }),
    );
  }
  const clients = fork(__filename, ['clients'], { execArgv: process.execArgv });
  clients.send({ urls, channels, seconds, perSecond } satisfies Task);
  // The first tenth starts and compiles what all need; memory per connection is that of the others.
  await once(clients, 'message');
  const tenth = sample();
  await once(clients, 'message');
  const full = sample();
  const cpuBefore = process.cpuUsage();
  const held: Sample[] = [];
  const sampling = setInterval(() => held.push(sample()), sampleEveryMs);
  const start = performance.now();
  const [report] = (await once(clients, 'message')) as [Report];
  clearInterval(sampling);
  const cpu = process.cpuUsage(cpuBefore);
  const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;
  const heldSeconds = (performance.now() - start) / 1_000;
  const stillOpen = bus.inside.gateway.connections().length;
  clients.kill();
  await bus.stop();

  const { ackMs, deliveryMs, lost, doubled, closed } = report;
  const third = Math.max(1, Math.floor(held.length / 3));
  const mean = (samples: readonly Sample[], of: keyof Sample): number =>
    samples.reduce((sum, each) => sum + each[of], 0) / samples.length;
  const growth = (of: keyof Sample): number =>
    megabytes(mean(held.slice(-third), of) - mean(held.slice(third, 2 * third), of));
  const result = {
    connections,
    channels,
    held_seconds: Math.round(heldSeconds),
    still_open: stillOpen,
    connects_per_second: tenths(connections / report.connectSeconds),
    published: report.published,
    acknowledged: report.acknowledged,
    deliveries: report.delivered,
    deliveries_expected: report.expected,
    lost,
    doubled,
    closed,
    ack_ms: { p50: percentile(ackMs, 0.5), p99: percentile(ackMs, 0.99) },
    delivery_ms: { p50: percentile(deliveryMs, 0.5), p99: percentile(deliveryMs, 0.99) },
    gateway: {
      rss_mb: {
        tenth: megabytes(tenth.rss),
        connected: megabytes(full.rss),
        end: megabytes(held.at(-1)?.rss ?? NaN),
      },
      heap_mb: {
        tenth: megabytes(tenth.heap),
        connected: megabytes(full.heap),
        end: megabytes(held.at(-1)?.heap ?? NaN),
      },
      kb_per_connection: {
        rss: tenths((full.rss - tenth.rss) / 1_024 / (connections * 0.9)),
        heap: tenths((full.heap - tenth.heap) / 1_024 / (connections * 0.9)),
      },
      /** From the middle third of the samples to the last. */
      growth_mb: { rss: growth('rss'), heap: growth('heap') },
      cores_busy: tenths(cpuSeconds / heldSeconds),
      cpu_ms_per_delivery: Math.round((cpuSeconds * 100_000) / report.delivered) / 100,
    },
    clients_kb_per_connection: tenths((report.rssMb * 1_024) / connections),
    machine: { node: process.version, cpus: cpus().length },
  };
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = lost + doubled + closed === 0 && stillOpen === connections ? 0 : 1;
}

/** One socket, and how often it has got each message of its channel. Nothing else is kept. */
interface Member {
  readonly socket: WebSocket;
  readonly copies: Uint8Array;
}

/** In the process of the clients. */
async function runClients({ urls, channels, seconds, perSecond }: Task): Promise<void> {
  const publishes = Math.floor(seconds * perSecond);
  const perChannel = Math.ceil(publishes / channels);
  const sentAt = new Map<string, number>();
  const ackMs: number[] = [];
  const deliveryMs: number[] = [];
  let closed = 0;
  let isEnding = false;
  const open = (url: string): Promise<Member> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      const copies = new Uint8Array(perChannel);
      socket.on('error', reject);
      socket.on('close', () => (closed += isEnding ? 0 : 1));
      socket.on('open', () => {
        resolve({ socket, copies });
      });
      socket.on('message', (data: Buffer) => {
        const { type, id, message_id: acked } = JSON.parse(data.toString()) as Record<string, string>;
        const ms = performance.now() - (sentAt.get(acked ?? id ?? '') ?? NaN);
        if (type === 'ACK') ackMs.push(ms);
        else if (id !== undefined) {
          copies[Number(id.split('-')[1])]! += 1;
          deliveryMs.push(ms);
        }
      });
    });

  const start = performance.now();
  const members: Member[] = [];
  for (let index = 0; index < urls.length; index += connectConcurrency) {
    members.push(...(await Promise.all(urls.slice(index, index + connectConcurrency).map(open))));
    if (members.length === urls.length / 10) process.send?.('tenth connected');
  }
  const connectSeconds = (performance.now() - start) / 1_000;
  process.send?.('connected');

  const begin = performance.now();
  for (let n = 0; n < publishes; n++) {
    await sleep(Math.max(0, begin + (n / perSecond) * 1_000 - performance.now()));
    const channel = n % channels;
    const id = `${channel}-${Math.floor(n / channels)}`;
    sentAt.set(id, performance.now());
    // Each message from another member of the channel.
    const turn = Math.floor(n / channels) % Math.floor(members.length / channels);
    members[channel + turn * channels]!.socket.send(JSON.stringify({ id, content: `message ${id}` }));
  }
  await sleep(Math.max(0, begin + seconds * 1_000 - performance.now()));
  const membersOf = (channel: number): number => Math.ceil((members.length - channel) / channels);
  const expected = Array.from({ length: publishes }, (_, n) => membersOf(n % channels)).reduce(
    (a, b) => a + b,
    0,
  );
  for (const end = performance.now() + patienceMs; deliveryMs.length < expected && performance.now() < end;) {
    await sleep(100);
  }
  const copies = members.flatMap((member, index) => {
    const sent = Math.ceil((publishes - (index % channels)) / channels);
    return [...member.copies.slice(0, sent)];
  });
  isEnding = true;
  const report: Report = {
    connectSeconds,
    published: publishes,
    acknowledged: ackMs.length,
    expected,
    delivered: deliveryMs.length,
    lost: copies.filter((count) => count === 0).length,
    doubled: copies.filter((count) => count > 1).length,
    closed,
    ackMs,
    deliveryMs,
    rssMb: megabytes(process.memoryUsage().rss),
  };
  process.send?.(report);
}

if (process.argv[2] === 'clients') {
  process.once('message', (task: Task) => void runClients(task));
} else {
  const [connections = 5_000, channels = 50, seconds = 300, perSecond = 4] = process.argv
    .slice(2)
    .map(Number);
  void main(connections, channels, seconds, perSecond);
}
