/** The platform of a publish, in a process of its own: a table that keeps the newest row of one log and knows its subscribers, and the connections that are posted to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveIpc } from '../serve-ipc';

export interface ServiceTask {
  readonly subscribers: number;
  readonly messageTable: string;
}

type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

interface Input {
  readonly TableName: string;
  readonly Item?: Item;
}

function subscriberItems(count: number): Item[] {
  const ttl = { N: String(Math.floor(Date.now() / 1_000) + 7_200) };
  return Array.from({ length: count }, (_, index) => ({
    subject: { S: 'bench/channel/all' },
    connection_id: { S: `${Buffer.from(String(index).padStart(11, '0')).toString('base64url')}=` },
    agent: { S: `agent-${index}` },
    level: { N: '0' },
    ttl,
  }));
}

async function start({ subscribers, messageTable }: ServiceTask): Promise<{ readonly port: number }> {
  const items = subscriberItems(subscribers);
  let newest: Item | undefined;
  const answer = ({ TableName, Item: item }: Input): object => {
    if (item !== undefined) newest = item;
    const read = TableName === messageTable ? [newest].filter((row) => row !== undefined) : items;
    const found = item === undefined ? { Items: read, Count: read.length } : {};
    return { ...found, ConsumedCapacity: { TableName, CapacityUnits: 1 } };
  };
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url !== '/') {
        response.end();
        return;
      }
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString()) as Input)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1_024, resolve));
  return { port: (server.address() as AddressInfo).port };
}

serveIpc(start);
