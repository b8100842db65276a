/**
 * A reader whose socket is cut every 300 ms while five publishers send 2,000 messages: in the end it has each channel's log,
 * in order, with nothing missing. `SEEDS` says how many times (default 3; the whole of issue and release runs: 20).
 */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { type Position, ResumingReader } from './resuming-reader';

const seeds = Number(process.env.SEEDS ?? 3);
const firstSeed = Number(process.env.FIRST_SEED ?? 1);
const publishers = 5;
const channels = ['a', 'b', 'c'];
const messages = 2_000;
const cutEveryMs = 300;

const bus = useBus({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Publishes its share in batches, each to a random channel, again until it is acknowledged. */
async function publish(client: TestClient, name: string, random: () => number): Promise<string[][]> {
  const acknowledged: string[][] = [];
  for (let sent = 0; sent < messages / publishers;) {
    const size = Math.min(1 + Math.floor(random() * 20), messages / publishers - sent);
    const channel_id = channels[Math.floor(random() * channels.length)]!;
    const ids = Array.from({ length: size }, (_, n) => `${name}-${sent + n}`);
    let open = ids;
    for (let isRetry = false; open.length > 0; isRetry = true) {
      client.send(open.map((id) => ({ id, channel_id, content: id, retry: isRetry })));
      const replies = await Promise.all(open.map((id) => client.reply(id)));
      open = replies.filter(({ type }) => type === 'ERROR').map(({ message_id }) => message_id as string);
    }
    acknowledged.push([channel_id, ...ids]);
    sent += size;
  }
  return acknowledged;
}

/** The whole log of a channel, page by page. */
async function logOf(client: TestClient, channel_id: string, start: Position): Promise<string[]> {
  const ids: string[] = [];
  let after: unknown = start;
  let page = 0;
  while (after !== undefined) {
    client.send({ type: 'history', id: `log-${channel_id}-${(page += 1)}`, channel_id, after, limit: 1_000 });
    for (;;) {
      const part = await client.reply(`log-${channel_id}-${page}`);
      ids.push(...(part.messages as { id: string }[]).map(({ id }) => id));
      after = part.next;
      if (part.last === true) break;
    }
  }
  return ids;
}

test.each(Array.from({ length: seeds }, (_, n) => firstSeed + n))(
  'seed %i: cut every 300 ms, nothing is missing',
  async (seed) => {
    const random = randomFrom(seed);
    const tenant = fresh('tenant');
    const level = { level: 1, echo: false } as const;
    const writers = await Promise.all(
      Array.from({ length: publishers }, (_, n) => bus.connect({ tenant, agent: `w${n}` }, level)),
    );
    const start = new Map<string, Position>();
    for (const channel_id of channels) {
      const { epoch, sequence } = await writers[0]!.request({ channel_id, content: 'first' });
      start.set(channel_id, { epoch, sequence } as Position);
    }
    const url = async () => `${await bus.urlFor({ tenant, agent: 'reader' }, level)}&protocol=artcafe.v1`;
    const reader = new ResumingReader(url, start);

    const published = Promise.all(writers.map((writer, n) => publish(writer, `w${n}`, random)));
    const finished = new AbortController();
    void published.finally(() => {
      finished.abort();
    });
    let cuts = 0;
    while (!finished.signal.aborted) {
      await reader.connect();
      await new Promise((resolve) => setTimeout(resolve, cutEveryMs));
      reader.cut();
      cuts += 1;
    }
    const acknowledged = (await published).flat();
    await reader.connect();

    for (const channel_id of channels) {
      const log = await logOf(writers[0]!, channel_id, start.get(channel_id)!);
      await eventually(
        async () => {
          reader.ask();
          await writers[0]!.request({ type: 'ping' });
          return reader.seen(channel_id).length;
        },
        (length) => length >= log.length,
      );
      expect(reader.seen(channel_id)).toEqual(log);
      const sent = acknowledged.filter(([channel]) => channel === channel_id).flatMap(([, ...ids]) => ids);
      expect([...log].sort()).toEqual(sent.sort());
    }
    reader.cut();
    expect(reader.losses).toEqual([]);
    expect(cuts).toBeGreaterThan(1);
  },
);
