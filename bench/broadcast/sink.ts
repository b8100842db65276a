/**
 * The receiving process of a broadcast: accepts posts on raw sockets, waits for the latency of the service, answers
 * 200 and counts. It also serves the subscriber table: the same pages for every query.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import type { CertificateFiles } from '../../gateway/index';
import { serveIpc } from '../serve-ipc';

export interface SinkTask {
  readonly rows: number;
  readonly latencyMs: number;
  /** For posts over TLS. */
  readonly files?: CertificateFiles | undefined;
}

export interface SinkReady {
  readonly postPort: number;
  readonly tablePort: number;
}

export interface SinkCounts {
  readonly posts: number;
  readonly distinct: number;
  readonly bytes: number;
}

const headEnd = '\r\n\r\n';
const ok = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
/** The items of 110 bytes that fit into DynamoDB's page of one megabyte. */
const rowsPerPage = 9_500;

let posts = 0;
let bytes = 0;
const recipients = new Set<string>();

/** Answers the requests of a socket in order; bodies have a length. */
function receive(socket: Socket, latencyMs: number): void {
  let buffered = '';
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    buffered += chunk.toString('latin1');
    for (;;) {
      const end = buffered.indexOf(headEnd);
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(buffered.slice(0, end))?.[1] ?? 0);
      const total = end + headEnd.length + length;
      if (buffered.length < total) return;
      recipients.add(buffered.slice(0, buffered.indexOf(' HTTP/')));
      buffered = buffered.slice(total);
      posts += 1;
      bytes += length;
      setTimeout(() => socket.write(ok), latencyMs);
    }
  });
}

/** DynamoDB's answer to a query for subscribers, page by page. */
function pages(rows: number): Buffer[] {
  const ttl = { N: String(Math.floor(Date.now() / 1_000) + 7_200) };
  const items = Array.from({ length: rows }, (_, index) => ({
    subject: { S: 'bench/channel/all' },
    connection_id: { S: `${Buffer.from(String(index).padStart(11, '0')).toString('base64url')}=` },
    agent: { S: `agent-${index}` },
    level: { N: '0' },
    ttl,
  }));
  return Array.from({ length: Math.max(1, Math.ceil(rows / rowsPerPage)) }, (_, page) => {
    const part = items.slice(page * rowsPerPage, (page + 1) * rowsPerPage);
    const isLast = (page + 1) * rowsPerPage >= rows;
    const next = { subject: { S: 'bench/channel/all' }, connection_id: { S: String(page + 1) } };
    return Buffer.from(JSON.stringify({ Items: part, ...(isLast ? {} : { LastEvaluatedKey: next }) }));
  });
}

async function start({ rows, latencyMs, files }: SinkTask): Promise<SinkReady> {
  const answers = pages(rows);
  const accept = (socket: Socket): void => {
    receive(socket, latencyMs);
  };
  const sink =
    files === undefined
      ? createServer(accept)
      : createSecureServer({ key: readFileSync(files.key), cert: readFileSync(files.certificate) }, accept);
  const table = createHttpServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const input = JSON.parse(Buffer.concat(chunks).toString()) as {
        ExclusiveStartKey?: { connection_id: { S: string } };
      };
      const page = Number(input.ExclusiveStartKey?.connection_id.S ?? 0);
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(answers[page]);
    });
  });
  const listening = [sink, table].map(
    (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1_024, resolve)),
  );
  await Promise.all(listening);
  return { postPort: (sink.address() as AddressInfo).port, tablePort: (table.address() as AddressInfo).port };
}

serveIpc(async (message: SinkTask | { readonly count: true }): Promise<SinkReady | SinkCounts> => {
  if (!('count' in message)) return start(message);
  const counts = { posts, distinct: recipients.size, bytes };
  posts = bytes = 0;
  recipients.clear();
  return counts;
});
