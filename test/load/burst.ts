/**
 * Load: what a burst costs with and without batches: 1,000 messages within one second to 10 subscribers of level 1.
 * With: the SDK, which gathers what is published while a text is in flight. Without: a plain client that sends each message as a text of its
 * own, as fast as it is answered.
 * `npm run suite load:burst` prints figures as JSON; exit code 1 when a subscriber lacks a message or has one twice.
 */
import WebSocket from 'ws';
import { PubSub } from '../../clients/javascript/index';
import { countsBetween } from '../../gateway/index';
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';

const messages = 1_000;
const subscribers = 10;
const burstMs = 1_000;

type Kind = 'durable' | 'ephemeral';

interface Variant {
  readonly kind: Kind;
  readonly isBatched: boolean;
}

async function main(): Promise<void> {
  const bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  const variants = (['durable', 'ephemeral'] as const).flatMap((kind) =>
    [true, false].map((isBatched): Variant => ({ kind, isBatched })),
  );
  const results: Awaited<ReturnType<typeof run>>[] = [];
  for (const variant of variants) results.push(await run(bus, variant));
  console.log(JSON.stringify({ messages, subscribers, variants: results }, null, 2));
  await bus.stop();
  process.exitCode = results.every(({ lost, doubled }) => lost + doubled === 0) ? 0 : 1;
}

async function run(bus: Bus, { kind, isBatched }: Variant) {
  const tenant = fresh('tenant');
  const clients: PubSub[] = [];
  const clientOf = async (agent: string): Promise<PubSub> => {
    const token = (): Promise<string> => bus.token({ tenant, agent });
    const client = new PubSub({ url: bus.baseUrls.api, token, WebSocket });
    clients.push(client);
    await client.connect();
    return client;
  };
  const received: number[][] = [];
  for (let n = 0; n < subscribers; n++) {
    const numbers: number[] = [];
    received.push(numbers);
    const channel = (await clientOf(`subscriber-${n}`)).channel('burst');
    await channel.subscribe(({ content }) => numbers.push(content as number));
  }
  const publish = await (isBatched
    ? withBatches(await clientOf('publisher'), kind)
    : plain(bus, tenant, kind));

  const before = bus.inside.gateway.costs().counts;
  const began = performance.now();
  await publish();
  const publishMs = performance.now() - began;
  await eventually(
    () => Math.min(...received.map(({ length }) => length)),
    (least) => least >= messages,
  ).catch(() => undefined);
  const { messagesIn, unitsIn, messagesOut, unitsOut } = countsBetween(
    before,
    bus.inside.gateway.costs().counts,
  );
  await Promise.all(clients.map((client) => client.close()));
  const distinct = received.map((numbers) => new Set(numbers).size);
  return {
    kind,
    batches: isBatched,
    publish_ms: Math.round(publishMs),
    texts_in: messagesIn,
    billed_in: unitsIn,
    texts_out: messagesOut,
    billed_out: unitsOut,
    billed_per_message: (unitsIn + unitsOut) / messages,
    lost: distinct.reduce((sum, size) => sum + messages - size, 0),
    doubled: received.reduce((sum, numbers, index) => sum + numbers.length - distinct[index]!, 0),
  };
}

function withBatches(client: PubSub, kind: Kind): () => Promise<unknown> {
  const channel = client.channel('burst');
  return async () => {
    const publishing: Promise<unknown>[] = [];
    const began = performance.now();
    for (let index = 0; index < messages; index++) {
      while (performance.now() - began < (index / messages) * burstMs) await new Promise(setImmediate);
      publishing.push(channel.publish(index, { ephemeral: kind === 'ephemeral' }));
    }
    await Promise.all(publishing);
  };
}

async function plain(bus: Bus, tenant: string, kind: Kind): Promise<() => Promise<unknown>> {
  const client = await bus.connect({ tenant, agent: 'plain' }, { channel: 'burst', echo: false });
  // As many unanswered texts as the service has hands on a laptop; a log takes one at a time.
  const inFlight = kind === 'ephemeral' ? 8 : 1;
  return async () => {
    let next = 0;
    const send = async (): Promise<void> => {
      while (next < messages) {
        const content = next++;
        const id = `m${content}`;
        const { type } = await client.request({ id, content, ephemeral: kind === 'ephemeral' });
        if (type !== 'ACK') throw new Error(`Message ${content} was refused`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, send));
  };
}

void main();
