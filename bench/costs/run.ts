/**
 * Counts the cost of a publish at the gateway. One client publishes; the other subscribers are rows in the tables,
 * and the gateway counts and answers the posts to them. The counts are exact for any number of subscribers, and do
 * not depend on time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { WebSocket } from 'ws';
import { billFor, type Counts, countsBetween } from '../../gateway/index';
import { type Contender, type ContenderFactory, type ContenderName, tenant } from '../contenders/contender';
import { floorPerMillion, quiet } from '../contenders/run';
import { seededId } from '../seeded';

export interface CostCase {
  readonly contender: ContenderName;
  readonly subscribers: number;
  readonly kind: 'durable' | 'ephemeral' | 'burst';
  /** Connections of other channels in the table. */
  readonly otherConnections: number;
}

export interface CostResult extends CostCase {
  readonly bytes: number;
  readonly messagesPerPublish: number;
  readonly deliveries: number;
  /** Deliveries that did not happen. */
  readonly lost: number;
  readonly callsPerPublish: Readonly<Record<string, number>>;
  readonly readUnitsPerPublish: number;
  readonly writeUnitsPerPublish: number;
  readonly dollarsPerMillionMessages: number;
  readonly dollarsPerMillionDeliveries: number;
  /** Relative to the floor of unbatched messages. */
  readonly ratioToFloor: number;
}

const bytes = 200;
const burst = 25;
const channel = 'all';
const rowsPerWrite = 25;
const writeConcurrency = 8;
const timeoutMs = 60_000;
/** More concurrent workers than cores would only time out. */
const threadsPerFunction = 2;

export async function runCosts(
  factory: ContenderFactory,
  cases: readonly CostCase[],
  report: (text: string) => void,
): Promise<CostResult[]> {
  const results: CostResult[] = [];
  for (const each of cases) {
    report(
      `${each.contender}: ${each.kind} publish to ${each.subscribers}, ${each.otherConnections} other connections, counted`,
    );
    const contender = await factory.start(each.contender, { threadsPerFunction });
    try {
      results.push(await count(contender, each));
    } finally {
      await contender.stop();
    }
  }
  return results;
}

async function count(contender: Contender, each: CostCase): Promise<CostResult> {
  const level = each.kind === 'burst' ? 1 : 0;
  const socket = new WebSocket(await contender.url(0, { channel, level }));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  await seed(contender, each, level);
  await quiet(contender);
  const messages = each.kind === 'burst' ? burst : 1;
  const publish = async (prefix: string): Promise<Counts> => {
    const before = contender.counts();
    const frames = Array.from({ length: messages }, (_, index) => ({
      type: 'message',
      id: `${prefix}${index}`,
      content: 'x'.repeat(bytes),
      ...(each.kind === 'ephemeral' ? { ephemeral: true } : {}),
    }));
    socket.send(JSON.stringify(messages === 1 ? frames[0] : frames));
    await complete(contender, before, minPosts(each));
    return countsBetween(before, contender.counts());
  };
  // The first publish of a log differs, because there is no head to read.
  await publish('warm');
  // A slow machine answers some posts of cold functions late. The fan-out asks for these connections, and removes their rows.
  await seed(contender, each, level);
  await quiet(contender);
  const counts = await publish('m');
  socket.terminate();
  return resultOf(each, messages, counts);
}

/** Waits until all posts of a publish are made, or no post was made for the timeout. */
async function complete(contender: Contender, before: Counts, expected: number): Promise<void> {
  const posts = (): number =>
    (contender.counts().calls['execute-api:POST'] ?? 0) - (before.calls['execute-api:POST'] ?? 0);
  const until = performance.now() + timeoutMs;
  while (posts() < expected && performance.now() < until) await sleep(20);
  await quiet(contender);
}

/** At least one per receiver, and the ACK. */
function minPosts({ contender, subscribers }: CostCase): number {
  return subscribers + (contender === 'naive' ? 0 : 1);
}

function resultOf(each: CostCase, messages: number, counts: Counts): CostResult {
  const { dollars } = billFor({ ...counts, connectionMinutes: 0 });
  const deliveries = each.subscribers * messages;
  const posts = counts.calls['execute-api:POST'] ?? 0;
  const lost = Math.max(0, minPosts(each) - posts);
  const perMessage = dollars / messages;
  return {
    ...each,
    bytes,
    messagesPerPublish: messages,
    deliveries,
    lost,
    callsPerPublish: counts.calls,
    readUnitsPerPublish: counts.readUnits,
    writeUnitsPerPublish: counts.writeUnits,
    dollarsPerMillionMessages: perMessage * 1e6,
    dollarsPerMillionDeliveries: (dollars / deliveries) * 1e6,
    ratioToFloor: (perMessage * 1e6) / floorPerMillion(each.subscribers, bytes),
  };
}

/** The rows that connects write: subscribers of the channel, and other connections. */
async function seed(
  contender: Contender,
  { subscribers, otherConnections }: CostCase,
  level: number,
): Promise<void> {
  const rows: Record<string, unknown>[] = [];
  for (let number = 1; number < subscribers; number++) rows.push(rowOf(contender, number, channel, level));
  for (let number = 0; number < otherConnections; number++) {
    rows.push(rowOf(contender, subscribers + number, `other-${number % 1_000}`, level));
  }
  const { gateway } = contender;
  const table = Object.entries(gateway.tables).find(([logicalId]) =>
    /^(Tables)?Connection/.test(logicalId),
  )?.[1];
  if (table === undefined) throw new Error(`The lane ${contender.name} has no table of connections`);
  // Directly to the engine, so that the meter does not count these writes.
  const client = new DynamoDBClient({
    endpoint: gateway.endpoints.dynamodb,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  const documents = DynamoDBDocumentClient.from(client);
  const writers = Array.from({ length: writeConcurrency }, async () => {
    for (let part = rows.splice(0, rowsPerWrite); part.length > 0; part = rows.splice(0, rowsPerWrite)) {
      const RequestItems = { [table]: part.map((Item) => ({ PutRequest: { Item } })) };
      await documents.send(new BatchWriteCommand({ RequestItems }));
    }
  });
  await Promise.all(writers);
  client.destroy();
}

function rowOf(
  contender: Contender,
  number: number,
  ofChannel: string,
  level: number,
): Record<string, unknown> {
  const id = seededId(number);
  const agentId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const ttl = Math.floor(Date.now() / 1_000) + 7_200;
  if (contender.name === 'naive') {
    const domainName = 'abcdefghij.execute-api.us-east-1.amazonaws.com';
    const connectedAt = new Date().toISOString();
    const where = { domainName, stage: 'ws', channel: ofChannel };
    return { connectionId: id, tenantId: tenant, agentId, ...where, connectedAt, ttl };
  }
  const subject = `${tenant}/channel/${ofChannel}`;
  return { subject, connection_id: id, agent: agentId, level, ttl };
}
