/**
 * Load: does the ACK wait for the fan-out? One publisher sends in turn to a channel with one subscriber and to one with 2,000,
 * each message when the one before has reached everybody. `npm run suite load:acks -- [subscribers] [messages]` prints figures as
 * JSON; exit code 1 when a delivery is lost. Gateway, subscribers and publisher are processes of their own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { Bus } from '../helpers/bus';
import { TestClient } from '../helpers/ws-client';

type Channel = 'narrow' | 'wide';
const channels: readonly Channel[] = ['narrow', 'wide'];

/** To a process of clients: connect, then say when everybody has the message. */
interface Connect {
  readonly urls: readonly string[];
}
interface Await {
  readonly id: string;
}
/** To the process of the publisher. */
interface Publish {
  readonly channel: Channel;
  readonly id: string;
}

const patienceMs = 30_000;
const connectConcurrency = 50;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const tenths = (value: number): number => Math.round(value * 10) / 10;

async function main(subscribers: number, messages: number): Promise<void> {
  const bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  const urls = async (channel: Channel, count: number): Promise<string[]> =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        bus.urlFor({ tenant: 'load', agent: `${channel}-${n}` }, { channel }),
      ),
    );
  const readers = {
    narrow: await started({ urls: await urls('narrow', 1) }),
    wide: await started({ urls: await urls('wide', subscribers) }),
  };
  const sender = { tenant: 'load', agent: 'sender' };
  const publisher = await started({ urls: [await bus.urlFor(sender)] });

  const ackMs: Record<Channel, number[]> = { narrow: [], wide: [] };
  let deliveries = 0;
  // The first of each warms the functions up.
  for (let index = 0; index <= messages; index++) {
    for (const channel of channels) {
      const id = `${channel}-${index}`;
      const received = ask<number>(readers[channel], { id } satisfies Await);
      const ms = await ask<number>(publisher, { channel, id } satisfies Publish);
      if (index > 0) ackMs[channel].push(ms);
      deliveries += await received;
    }
  }
  for (const child of [readers.narrow, readers.wide, publisher]) child.kill();
  await bus.stop();

  const lost = (messages + 1) * (subscribers + 1) - deliveries;
  const [narrow, wide] = [median(ackMs.narrow), median(ackMs.wide)];
  const result = {
    messages,
    deliveries,
    lost,
    ack_ms: { subscribers_1: tenths(narrow), [`subscribers_${subscribers}`]: tenths(wide) },
    ratio: Math.round((wide / narrow) * 100) / 100,
    machine: { node: process.version, cpus: cpus().length },
  };
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = lost === 0 ? 0 : 1;
}

async function started(first: Connect): Promise<ChildProcess> {
  const child = fork(__filename, ['clients']);
  await ask(child, first);
  return child;
}

async function ask<T>(child: ChildProcess, question: object): Promise<T> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [{ value: T }];
  return answer.value;
}

async function connectAll({ urls }: Connect): Promise<TestClient[]> {
  const all: TestClient[] = [];
  for (let index = 0; index < urls.length; index += connectConcurrency) {
    const some = urls.slice(index, index + connectConcurrency);
    all.push(...(await Promise.all(some.map((url) => TestClient.open(url)))));
  }
  return all;
}

/** How many of the readers have received the message. */
async function received(clients: readonly TestClient[], { id }: Await): Promise<number> {
  const all = await Promise.allSettled(clients.map((client) => client.next({ id }, patienceMs)));
  return all.filter(({ status }) => status === 'fulfilled').length;
}

/** Milliseconds from the frame to its ACK. */
async function publish([client]: readonly TestClient[], { channel, id }: Publish): Promise<number> {
  const sent = performance.now();
  await client!.request({ id, channel_id: channel, content: id });
  return performance.now() - sent;
}

/** In a process of clients: each question gets one answer; the first is `Connect`. */
function serve(): void {
  let clients: TestClient[] = [];
  const answer = async (question: Connect | Await | Publish): Promise<number> => {
    if ('urls' in question) clients = await connectAll(question);
    else if ('channel' in question) return publish(clients, question);
    else return received(clients, question);
    return clients.length;
  };
  process.on('message', (question: Connect | Await | Publish) => {
    void answer(question).then((value) => process.send?.({ value }));
  });
}

if (process.argv[2] === 'clients') {
  serve();
} else {
  const [subscribers = 2_000, messages = 30] = process.argv.slice(2).map(Number);
  void main(subscribers, messages);
}
