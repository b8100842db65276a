/**
 * A proxy between the functions and the DynamoDB engine that counts consumed capacity. It requests the capacity in
 * every call and does not change the answers.
 */
import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { Agent as SecureAgent, request as sendSecurely } from 'node:https';
import type { AddressInfo } from 'node:net';
import { callerOf } from '../caller';
import { isObject, type JsonObject, parseJson } from '../json';
import { itemWriteUnits } from './item-units';
import type { Tables } from '../tables/tables';
import type { CostMeter } from './meter';

export interface MeteredTables extends Tables {
  /** The endpoint for the functions. */
  meteredEndpoint: string;
}

const keepAliveMs = 3_600_000;
const reads: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);
const writes: ReadonlySet<string> = new Set([
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
]);

export async function metered(engine: Tables, meter: CostMeter): Promise<MeteredTables> {
  const target = new URL(engine.endpoint);
  const isSecure = target.protocol === 'https:';
  const agent = new (isSecure ? SecureAgent : Agent)({ keepAlive: true });
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    forward(request, response);
  });
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    incoming.on('error', () => outgoing.destroy());
    void bodyOf(incoming).then((body) => {
      const input = parseJson(body.toString());
      const text = isObject(input) && isBilled(operation) ? askedForCapacity(input) : body;
      const headers = { ...incoming.headers, host: target.host, 'content-length': Buffer.byteLength(text) };
      const method = incoming.method ?? 'POST';
      const options = { agent, method, path: incoming.url ?? '/', headers };
      const call = (isSecure ? sendSecurely : send)(target, options, (answer) => {
        answer.on('error', () => outgoing.destroy());
        void bodyOf(answer).then((answered) => {
          meter.tableCall(operation, callerOf(incoming.headers));
          count(meter, operation, isObject(input) ? input : {}, answer.statusCode ?? 0, answered.toString());
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(answered);
        });
      });
      // When the engine fails, the socket ends without an answer.
      call.on('error', () => outgoing.destroy());
      outgoing.on('close', () => call.destroy());
      call.end(text);
    });
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: engine.endpoint,
    meteredEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      agent.destroy();
      await engine.stop();
    },
  };
}

function isBilled(operation: string): boolean {
  return reads.has(operation) || writes.has(operation);
}

function askedForCapacity(input: JsonObject): string {
  return JSON.stringify({ ReturnConsumedCapacity: 'TOTAL', ...input });
}

function bodyOf(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
  });
}

function count(meter: CostMeter, operation: string, input: JsonObject, status: number, answer: string): void {
  if (status === 200 && reads.has(operation)) {
    // A read without a result is billed like a small read.
    const least = input.ConsistentRead === true ? 1 : 0.5;
    meter.consumed('readUnits', Math.max(least, capacityIn(answer) ?? least));
  } else if (status === 200 && writes.has(operation)) {
    meter.consumed('writeUnits', capacityIn(answer) ?? itemWriteUnits(input.Item));
  } else if (answer.includes('ConditionalCheckFailedException')) {
    // A write whose condition fails is billed too.
    meter.consumed('writeUnits', itemWriteUnits(input.Item));
  }
}

/**
 * The sum of `CapacityUnits`. Found without parsing the JSON, because parsing pages of a megabyte would block the
 * sockets.
 */
function capacityIn(answer: string): number | undefined {
  const [part] = /"ConsumedCapacity":(?:\{[^{}]*|\[[^[\]]*)/.exec(answer) ?? [];
  const units = [...(part ?? '').matchAll(/"CapacityUnits":([\d.]+)/g)].map((match) => Number(match[1]));
  return units.length === 0 ? undefined : units.reduce((sum, each) => sum + each, 0);
}
