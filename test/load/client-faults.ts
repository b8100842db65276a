/**
 * The client under faults on the laptop gateway: 5 publishers, 20 subscribers, 2,000 messages, while one random socket is
 * cut every 300 ms, texts are lost on the client's side (ACKs among them), functions start and answer late and in another
 * order, ends of connections are told twice or never, tokens expire, and all pass the agents' rate limit.
 * `npm run test:client-faults [-- SEED]` prints figures as JSON; exit code 1 when anything is lost, doubled or out of order.
 */
import { PubSub } from '../../client/index';
import { Bus } from '../helpers/bus';
import { CuttableWebSocket } from '../helpers/cuttable-web-socket';
import { FakeTimers } from '../helpers/fake-timers';

const publishers = 5;
const subscribers = 20;
const messages = 2_000;
const cutEveryMs = 300;
/** Of the texts that come in at a client while the faults are on. */
const lostShare = 0.01;
const tokenSeconds = 20;
/** A hole at the end is noticed by a ping; faster than the usual five minutes, as a drop resumes as well. */
const patienceMs = 100_000;

async function main(seed: number): Promise<void> {
  const dice = new FakeTimers(seed);
  let isCalm = false;
  const sockets = new CuttableWebSocket(() => !isCalm && dice.random() < lostShare);
  const bus = await Bus.start({
    faults: {
      seed,
      connect: { startDelayMs: 20, replyDelayMs: 20 },
      message: { startDelayMs: 60, replyDelayMs: 0 },
      disconnect: { startDelayMs: 500, lose: 0.2, duplicate: 0.2 },
    },
  });
  const clientOf = async (agent: string): Promise<PubSub> => {
    const client = new PubSub({
      url: bus.baseUrls.edge,
      token: () => bus.token({ tenant: 'faults', agent, expiresInSeconds: tokenSeconds }),
      WebSocket: sockets.WebSocket,
      backoff: { baseMs: 200 },
    });
    client.on('gap', (gap) => gaps.push(gap));
    client.on('state', ({ state }) => {
      if (state === 'connecting') reconnects += 1;
    });
    await client.connect();
    return client;
  };

  const gaps: unknown[] = [];
  let reconnects = 0;
  const heard: number[][] = [];
  const clients: PubSub[] = [];
  for (let index = 0; index < subscribers; index++) {
    const client = await clientOf(`subscriber-${index}`);
    const sequences: number[] = [];
    heard.push(sequences);
    await client.channel('all').subscribe(({ sequence = 0 }) => sequences.push(sequence));
    clients.push(client);
  }
  const senders = await Promise.all(
    Array.from({ length: publishers }, (_, index) => clientOf(`publisher-${index}`)),
  );

  let cuts = 0;
  const cutting = setInterval(() => {
    sockets.cut(Math.floor(dice.random() * sockets.count));
    cuts += 1;
  }, cutEveryMs);
  const began = Date.now();
  const contents = await Promise.all(senders.map((client) => send(client, messages / publishers)));
  const sentMs = Date.now() - began;
  clearInterval(cutting);
  isCalm = true;
  // The last cut of all: whoever lost the tail of the channel hears of it by resuming.
  for (let index = sockets.count; index > 0; index--) sockets.cut(index - 1);
  const deadline = Date.now() + patienceMs;
  while (heard.some((sequences) => sequences.length < messages) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const totalMs = Date.now() - began;

  const wanted = Array.from({ length: messages }, (_, index) => index + 1);
  const count = (test: (sequences: readonly number[]) => number): number =>
    heard.reduce((sum, sequences) => sum + test(sequences), 0);
  const result = {
    seed,
    publishers,
    subscribers,
    messages,
    deliveries: count((sequences) => sequences.length),
    lost: count((sequences) => wanted.length - new Set(sequences).size),
    doubled: count((sequences) => sequences.length - new Set(sequences).size),
    out_of_order: count(
      (sequences) => sequences.filter((value, index) => value < (sequences[index - 1] ?? 0)).length,
    ),
    acknowledged: new Set(contents.flat()).size,
    gaps: gaps.length,
    cuts,
    reconnects,
    sent_ms: sentMs,
    total_ms: totalMs,
  };
  console.log(JSON.stringify(result, null, 2));
  const { lost, doubled, out_of_order, acknowledged, deliveries } = result;
  const isWhole = deliveries === messages * subscribers && acknowledged === messages && gaps.length === 0;
  process.exitCode = isWhole && lost + doubled + out_of_order === 0 ? 0 : 1;
  await Promise.all([...clients, ...senders].map((client) => client.close()));
  await bus.stop();
}

/** As fast as the client takes them. Gives the sequences of the ACKs. */
function send(client: PubSub, count: number): Promise<number[]> {
  const channel = client.channel('all');
  const publishing = Array.from(
    { length: count },
    async (_, index) => (await channel.publish(index)).sequence ?? 0,
  );
  return Promise.all(publishing);
}

void main(Number(process.argv[2] ?? Math.floor(Math.random() * 1_000_000))).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
