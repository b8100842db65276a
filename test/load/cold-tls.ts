/**
 * Load: the first publish of a fresh process over TLS, with the share of a processor that a Lambda function of 512 MB has, and
 * less. The receiving side answers after 8 ms. The sending process is stopped and continued 50 times a second.
 * `npm run suite load:cold-tls -- --runs 20`, or `--short` for 200 receivers and 3 runs; prints figures as JSON. Exit code 1 when a post is
 * not delivered, never because of a time. Needs openssl for a certificate.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { makeCertificate } from '../../gateway/index';
import type { Order, Outcome } from './cold-tls-sender';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, short: { type: 'boolean', default: false } },
});
const runs = values.short ? 3 : Number(values.runs);
const shares = [0.29, 0.2, 0.145];
const receivers = values.short ? [200] : [200, 1_000];
const latencyMs = 8;
const periodMs = 20;

interface Sink {
  readonly server: Server;
  readonly port: number;
  readonly certificate: string;
  readonly counts: { handshakes: number; resumed: number };
}

/** Undefined where openssl is missing. */
async function startSink(folder: string): Promise<Sink | undefined> {
  const files = makeCertificate(folder);
  if (files === undefined) return undefined;
  const { key, certificate } = files;
  const counts = { handshakes: 0, resumed: 0 };
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
    counts.handshakes += 1;
    if (socket.isSessionReused()) counts.resumed += 1;
    answer(socket);
  });
  server.listen(0, '127.0.0.1', 1_024);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, certificate, counts };
}

/** Each post arrives in one piece, since the sender writes it at once and waits for the answer. */
function answer(socket: TLSSocket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', () =>
    setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), latencyMs),
  );
}

/** A thread of its own keeps time while the sink is busy. */
const throttle = `
  const { workerData: { pid, share, periodMs } } = require('node:worker_threads');
  const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  try {
    for (;;) {
      process.kill(pid, 'SIGSTOP');
      wait((1 - share) * periodMs);
      process.kill(pid, 'SIGCONT');
      wait(share * periodMs);
    }
  } catch { /* The process has ended. */ }`;

async function run(sink: Sink, share: number, count: number): Promise<Outcome> {
  const child = fork(path.join(__dirname, 'cold-tls-sender.ts'), {
    execArgv: ['--import', 'tsx'],
    env: {
      ...process.env,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_EXTRA_CA_CERTS: sink.certificate,
    },
  });
  await once(child, 'message');
  const order: Order = { port: sink.port, receivers: count };
  const throttling = new Worker(throttle, { eval: true, workerData: { pid: child.pid, share, periodMs } });
  child.send(order);
  const [outcome] = (await once(child, 'message')) as [Outcome];
  await once(child, 'exit');
  await throttling.terminate();
  return outcome;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-cold-tls-'));
  const sink = await startSink(folder);
  if (sink === undefined) {
    console.log('The cold start over TLS is not measured: it needs openssl');
    return;
  }
  try {
    for (const share of shares)
      for (const count of receivers) {
        const results: Outcome[] = [];
        for (let each = 0; each < runs; each++) results.push(await run(sink, share, count));
        const times = results.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b);
        const failed = results.filter(({ outcomes }) => outcomes.delivered !== count);
        const [least, median, most] = [times[0], times[times.length >> 1], times.at(-1)];
        console.log(JSON.stringify({ share, receivers: count, runs, ms: { least, median, most }, failed }));
        if (failed.length > 0) process.exitCode = 1;
      }
    console.log(JSON.stringify(sink.counts));
  } finally {
    sink.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
