/**
 * Load: how far a flooding tenant slows another one down on the laptop gateway, and how well the limit of rate holds. Quiet seconds
 * and seconds of flood take turns, so that whatever else the machine does meets both.
 * `npm run suite load:flood -- [flood per second] [rounds] [limit|no-limit]` prints figures as JSON; exit code 1 when p99 more than doubles
 * or the limit misses by more than a fifth.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '../helpers/bus';
import { TestClient } from '../helpers/ws-client';

interface Task {
  readonly url: string;
  readonly perSecond: number;
}

const agentRate = { perSecond: 50, burst: 100 };
const roundSeconds = 5;
const calmPerSecond = 20;
const listeners = 5;
const steadySeconds = 60;

const rounded = (value: number): number => Math.round(value * 100) / 100;

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN);
}

/** A process of its own, so that its work is not the measuring one's. Sends between `start` and `stop`, and counts what comes back. */
async function runFlooder({ url, perSecond }: Task): Promise<void> {
  const client = await TestClient.open(url);
  const flooding = { isOn: false };
  let sent = 0;
  process.on('message', (word) => {
    flooding.isOn = word === 'start';
    if (word !== 'count') return;
    const count = (type: string): number => client.received.filter((frame) => frame.type === type).length;
    process.send?.({ sent, accepted: count('ACK'), refused: count('ERROR') });
  });
  process.send?.('ready');
  for (let last = performance.now(), due = 0; ;) {
    await sleep(10);
    const now = performance.now();
    due = flooding.isOn ? due + ((now - last) / 1_000) * perSecond : 0;
    last = now;
    for (; due >= 1; due--) client.send({ id: `f${(sent += 1)}`, content: 'flood', ephemeral: true });
  }
}

interface Counts {
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
}

/** Sends evenly for so long and gives, per message, the milliseconds to the ACK and to the last of the listeners. */
async function measure(
  sender: TestClient,
  receivers: readonly TestClient[],
  seconds: number,
  prefix: string,
) {
  const ackMs: number[] = [];
  const deliveryMs: number[] = [];
  const open: Promise<void>[] = [];
  for (let n = 0; n < seconds * calmPerSecond; n++) {
    const id = `${prefix}-${n}`;
    const start = performance.now();
    const deliveries = Promise.all(receivers.map((client) => client.next({ id }, 30_000)));
    sender.send({ id, content: 'calm' });
    open.push(
      sender
        .next({ type: 'ACK', message_id: id }, 30_000)
        .then(() => void ackMs.push(performance.now() - start)),
      deliveries.then(() => void deliveryMs.push(performance.now() - start)),
    );
    await sleep(1_000 / calmPerSecond);
  }
  await Promise.all(open);
  return { ackMs, deliveryMs };
}

async function main(perSecond: number, rounds: number, isLimited: boolean): Promise<void> {
  const settings = isLimited ? {} : { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } };
  const bus = await Bus.start({ settings });
  const connect = (agent: string) => bus.connect({ tenant: 'calm', agent }, { channel: 'c', echo: false });
  const sender = await connect('sender');
  const receivers = await Promise.all(Array.from({ length: listeners }, (_, n) => connect(`listener-${n}`)));
  const url = await bus.urlFor({ tenant: 'flood', agent: 'flooder' }, { channel: 'c', echo: false });
  const flooder = fork(__filename, ['flooder']);
  flooder.send({ url, perSecond } satisfies Task);
  await once(flooder, 'message');
  const count = async (): Promise<Counts> => {
    flooder.send('count');
    return ((await once(flooder, 'message')) as [Counts])[0];
  };

  // Warm: what starts and compiles on first use is nobody's flood.
  flooder.send('start');
  await measure(sender, receivers, roundSeconds, 'warm');
  flooder.send('stop');

  const quiet = { ackMs: [] as number[], deliveryMs: [] as number[] };
  const flood = { ackMs: [] as number[], deliveryMs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const phase of [quiet, flood]) {
      flooder.send(phase === flood ? 'start' : 'stop');
      await sleep(300);
      const times = await measure(sender, receivers, roundSeconds, `${phase === flood ? 'f' : 'q'}${round}`);
      phase.ackMs.push(...times.ackMs);
      phase.deliveryMs.push(...times.deliveryMs);
    }
  }
  flooder.send('stop');
  await sleep(3_000);

  const before = await count();
  const start = performance.now();
  flooder.send('start');
  await sleep(steadySeconds * 1_000);
  flooder.send('stop');
  const seconds = (performance.now() - start) / 1_000;
  await sleep(3_000);
  const after = await count();
  flooder.kill();
  await bus.stop();

  const accepted = after.accepted - before.accepted;
  const allowed = agentRate.burst + agentRate.perSecond * seconds;
  const ratio = rounded(percentile(flood.ackMs, 0.99) / percentile(quiet.ackMs, 0.99));
  const summary = ({ ackMs, deliveryMs }: typeof quiet) => ({
    ack_ms: { p50: percentile(ackMs, 0.5), p99: percentile(ackMs, 0.99) },
    delivery_ms: { p50: percentile(deliveryMs, 0.5), p99: percentile(deliveryMs, 0.99) },
    messages: ackMs.length,
  });
  const result = {
    flood_per_second: perSecond,
    is_limited: isLimited,
    quiet: summary(quiet),
    flood: summary(flood),
    p99_ratio: {
      ack: ratio,
      delivery: rounded(percentile(flood.deliveryMs, 0.99) / percentile(quiet.deliveryMs, 0.99)),
    },
    steady: {
      seconds: rounded(seconds),
      sent: after.sent - before.sent,
      accepted,
      refused: after.refused - before.refused,
      accepted_to_allowed: rounded(accepted / allowed),
    },
    machine: { node: process.version, cpus: cpus().length },
  };
  console.log(JSON.stringify(result, null, 2));
  const holds = !isLimited || (ratio <= 2 && accepted / allowed < 1.2 && accepted / allowed > 0.8);
  process.exitCode = holds ? 0 : 1;
}

if (process.argv[2] === 'flooder') {
  process.once('message', (task: Task) => void runFlooder(task));
} else {
  const [flood = '200', rounds = '6', limit = 'limit'] = process.argv.slice(2);
  void main(Number(flood), Number(rounds), limit === 'limit');
}
