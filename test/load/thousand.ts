/**
 * Load: a thousand agents on one channel of the laptop gateway; each gets each of 20 messages exactly once, the sender included.
 * `npx tsx test/load/thousand.ts [subscribers] [messages]` prints figures as JSON; exit code 1 when anything is lost or doubled.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { Bus } from '../helpers/bus';
import { TestClient } from '../helpers/ws-client';

interface Task {
  readonly urls: readonly string[];
  readonly messages: number;
}

interface Figures {
  readonly ackMs: readonly number[];
  readonly lastDeliveryMs: readonly number[];
  readonly connectMs: number;
  readonly deliveries: number;
  readonly lost: number;
  readonly doubled: number;
  readonly clientRssMb: number;
}

/** Long enough for a slow machine; what has not come by then is lost. */
const patienceMs = 15_000;
/** Handshakes in flight at once. */
const connectConcurrency = 50;

const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);
const tenths = (ms: number): number => Math.round(ms * 10) / 10;

function summaryOf(values: readonly number[]): { median: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: tenths(sorted[Math.floor(sorted.length / 2)] ?? NaN), max: tenths(sorted.at(-1) ?? NaN) };
}

/** In the process of the gateway. */
async function main(subscribers: number, messages: number): Promise<void> {
  // A message to a thousand receivers is the work that an agent may cause in a second by default.
  const bus = await Bus.start({ settings: { workRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  const tokens = Array.from({ length: subscribers }, (_, index) =>
    bus.urlFor({ tenant: 'load', agent: `agent-${index}` }, { channel: 'all' }),
  );
  const urls = await Promise.all(tokens);
  let peakRss = 0;
  const sampling = setInterval(() => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss());
  }, 100);

  // The sockets of the clients live in a process of their own, so that their work is not the gateway's.
  const clients = fork(__filename, ['clients']);
  clients.send({ urls, messages } satisfies Task);
  const [figures] = (await once(clients, 'message')) as [Figures];
  clearInterval(sampling);
  await bus.stop();

  const { ackMs, lastDeliveryMs, connectMs, deliveries, lost, doubled, clientRssMb } = figures;
  const result = {
    subscribers,
    messages,
    deliveries,
    lost,
    doubled,
    connect_ms: tenths(connectMs),
    ack_ms: summaryOf(ackMs),
    last_delivery_ms: summaryOf(lastDeliveryMs),
    deliveries_per_second: Math.round(deliveries / (lastDeliveryMs.reduce((sum, ms) => sum + ms, 0) / 1_000)),
    gateway_rss_mb: megabytes(peakRss),
    clients_rss_mb: clientRssMb,
    machine: { node: process.version, cpus: cpus().length },
  };
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = lost === 0 && doubled === 0 ? 0 : 1;
}

/** In the process of the clients. */
async function runClients({ urls, messages }: Task): Promise<Figures> {
  const start = performance.now();
  const all: TestClient[] = [];
  for (let index = 0; index < urls.length; index += connectConcurrency) {
    all.push(
      ...(await Promise.all(
        urls.slice(index, index + connectConcurrency).map((url) => TestClient.open(url)),
      )),
    );
  }
  const connectMs = performance.now() - start;

  const ackMs: number[] = [];
  const lastDeliveryMs: number[] = [];
  for (let index = 0; index < messages; index++) {
    const id = `m${index}`;
    const sent = performance.now();
    const deliveries = Promise.allSettled(all.map((client) => client.next({ id }, patienceMs)));
    await all[0]!.request({ id, content: `message ${index}`, metadata: { index } });
    ackMs.push(performance.now() - sent);
    await deliveries;
    lastDeliveryMs.push(performance.now() - sent);
  }

  let deliveries = 0;
  let lost = 0;
  let doubled = 0;
  for (const client of all) {
    const received = client.messageIds;
    deliveries += received.length;
    lost += messages - new Set(received).size;
    doubled += received.length - new Set(received).size;
  }
  const clientRssMb = megabytes(process.memoryUsage.rss());
  await Promise.all(all.map((client) => client.terminate()));
  return { ackMs, lastDeliveryMs, connectMs, deliveries, lost, doubled, clientRssMb };
}

if (process.argv[2] === 'clients') {
  process.once('message', (task: Task) => {
    void runClients(task).then((figures) => {
      process.send?.(figures, () => {
        process.disconnect();
      });
    });
  });
} else {
  const [subscribers = 1_000, messages = 20] = process.argv.slice(2).map(Number);
  void main(subscribers, messages);
}
