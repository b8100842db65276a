/**
 * Load: what concurrent publishers of one channel cost each other. Each publisher claims a place for message after message;
 * counted are the puts per message and the time until it is durable.
 * `npx tsx test/load/claims.ts [engine|latency=MS]` prints figures as JSON; exit code 1 when a log has a hole or lacks a message.
 * The engine is the local one (or DYNAMODB_ENDPOINT); `latency=5` is a store in memory whose calls take 5 ms, more or less.
 */
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDynamoClients } from '../../lambda/aws/dynamo/dynamo-calls';
import { DynamoHistoryStore } from '../../lambda/aws/dynamo/dynamo-history-store';
import { jsonLog } from '../../lambda/aws/json-log';
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { systemClock } from '../../lambda/aws/system-clock';
import { claim } from '../../lambda/log/claim';
import { Deadline } from '../../lambda/shared/deadline';
import { LogTail } from '../../lambda/log/log-tail';
import type {
  HistoryStore,
  MessageRow,
  PutOutcome,
  StoredRow,
} from '../../lambda/shared/stores/history-store';
import { Unavailable } from '../../lambda/shared/ports';
import { startLocalTables } from '../contract/local-tables';

interface Scenario {
  readonly publishers: number;
  /** Messages of one text message. */
  readonly batch: number;
  /** Messages of each publisher. */
  readonly messages: number;
}

const scenarios: readonly Scenario[] = [
  { publishers: 1, batch: 1, messages: 50 },
  { publishers: 10, batch: 1, messages: 20 },
  { publishers: 50, batch: 1, messages: 4 },
  { publishers: 1, batch: 25, messages: 100 },
  { publishers: 10, batch: 25, messages: 50 },
  { publishers: 50, batch: 25, messages: 25 },
];

async function run(history: HistoryStore, { publishers, batch, messages }: Scenario): Promise<object> {
  const subject = `load/channel/${randomUUID()}`;
  let puts = 0;
  const counted: HistoryStore = Object.create(history, {
    tryPut: {
      value: (key: string, row: MessageRow): Promise<PutOutcome> => {
        puts += 1;
        return history.tryPut(key, row);
      },
    },
  });
  const deps = { history: counted, clock: systemClock, newId: randomUUID };
  const times: number[] = [];
  let refused = 0;

  const publishBatch = async (agentId: string): Promise<void> => {
    const startedAt = performance.now();
    // As one invocation does it: one deadline, and each message behind the one before.
    const deadline = new Deadline(systemClock, systemClock.monotonic() + 4_000);
    const arrival = { agentId, requestId: randomUUID(), sentAt: systemClock.now() };
    const tail = new LogTail(deps, subject, arrival);
    for (let index = 0; index < batch; index++) {
      const message = {
        id: randomUUID(),
        index,
        body: '{"type":"message","content":"about a hundred bytes of what an agent has to say","metadata":{}}',
        retentionMs: 86_400_000,
        isRetry: false,
      };
      // Where the store is too busy to answer, the client hears `unavailable`.
      const claimed = await claim(deps, tail, message, deadline).catch((error: unknown) => {
        if (error instanceof Unavailable) return undefined;
        throw error;
      });
      if (claimed === undefined) refused += 1;
      else times.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: publishers }, async (_, publisher) => {
      for (let sent = 0; sent < messages; sent += batch) await publishBatch(`agent-${String(publisher)}`);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const rows: StoredRow[] = [];
  for await (const page of history.range(subject, { after: 0 })) rows.push(...page);
  const isDense = rows.every(({ sequence }, index) => sequence === index + 1);
  const isWhole = rows.length >= times.length && rows.length <= times.length + refused;
  if (!isDense || !isWhole) process.exitCode = 1;
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))] ?? NaN);
  return {
    publishers,
    batch,
    accepted: times.length,
    refused,
    tries_per_message: Math.round((puts / (times.length + refused)) * 10) / 10,
    ms_median: at(0.5),
    ms_p99: at(0.99),
    per_second: Math.round(times.length / seconds),
    dense: isDense,
  };
}

/** Between half and one and a half times the latency, before and after the effect. */
function withLatency(inner: MemoryHistoryStore, ms: number): HistoryStore {
  const slow =
    <In extends unknown[], Out>(call: (...input: In) => Promise<Out>) =>
    async (...input: In): Promise<Out> => {
      const way = (): Promise<void> => sleep((ms / 2) * (0.5 + Math.random()));
      await way();
      const result = await call.apply(inner, input);
      await way();
      return result;
    };
  return Object.create(inner, {
    head: { value: slow((subject: string) => inner.head(subject)) },
    checkpoint: { value: slow((subject: string) => inner.checkpoint(subject)) },
    tryPut: { value: slow((subject: string, row: MessageRow) => inner.tryPut(subject, row)) },
    newestFirst: {
      value: async function* (subject: string) {
        await slow(() => Promise.resolve())();
        yield* inner.newestFirst(subject);
      },
    },
    range: {
      value: async function* (subject: string, bounds: { after: number; upTo?: number }) {
        await slow(() => Promise.resolve())();
        yield* inner.range(subject, bounds);
      },
    },
  }) as HistoryStore;
}

async function main(where = 'engine'): Promise<void> {
  const latency = /^latency=(\d+)$/.exec(where)?.[1];
  const tables = latency === undefined ? await startLocalTables() : undefined;
  const clients = createDynamoClients();
  const history =
    tables === undefined
      ? withLatency(new MemoryHistoryStore(), Number(latency))
      : new DynamoHistoryStore(clients, tables.messageTable, jsonLog);
  const results: object[] = [];
  for (const scenario of scenarios) results.push(await run(history, scenario));
  const machine = { node: process.version, cpus: cpus().length };
  console.log(JSON.stringify({ where, machine, results }, null, 2));
  clients.calls.destroy();
  clients.singleAttempt.destroy();
  await tables?.stop();
}

void main(process.argv[2]);
