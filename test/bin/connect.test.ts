/** The connect command against a bare WebSocket server. */
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { runCommand, startCommand } from './run-command';

let server: WebSocketServer;
let url: string;
let received: string[];

beforeAll(async () => {
  server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    verifyClient: ({ req }, done) => {
      const [, status] = /refuse=(\d+)/.exec(req.url ?? '') ?? [];
      done(status === undefined, Number(status));
    },
  });
  await new Promise((resolve) => server.once('listening', resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  server.on('connection', (socket: WebSocket) => {
    socket.send('{"type":"greeting"}');
    socket.on('message', (data: Buffer) => {
      received.push(data.toString('utf8'));
      socket.send(`heard ${received.length}`);
    });
  });
});
beforeEach(() => {
  received = [];
});
afterAll(async () => {
  for (const socket of server.clients) socket.terminate();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
});

test('prints what arrives, wraps text, sends JSON as it is', async () => {
  const { child, outcome, said } = startCommand('connect.ts', [url]);
  child.stdin?.write('hello\n\n{"type":"ping"}\n[{"id":"1"}]\n{not json\n');
  await said(/heard 4/);
  child.stdin?.end();
  const { code, stdout } = await outcome;
  expect(code).toBe(0);
  expect(stdout).toBe('{"type":"greeting"}\nheard 1\nheard 2\nheard 3\nheard 4\n');
  expect(JSON.parse(received[0]!)).toEqual({ id: expect.any(String), type: 'message', content: 'hello' });
  expect(received.slice(1, 3)).toEqual(['{"type":"ping"}', '[{"id":"1"}]']);
  expect(JSON.parse(received[3]!)).toMatchObject({ content: '{not json' });
});

test.each([
  [
    'a refusal',
    () => [`${url}?refuse=401`],
    'The server rejected the connection: 401 Unauthorized (the token is missing, expired, or was not issued for this deployment).\n',
  ],
  [
    'a failure',
    () => [`${url}?refuse=500`],
    'The server rejected the connection: 500 Internal Server Error.\n',
  ],
  ['nobody there', () => ['ws://127.0.0.1:1/ws'], /^No connection: connect ECONNREFUSED/],
  ['another scheme', () => ['http://127.0.0.1/ws'], 'The URL must start with ws:// or wss://; see --help.\n'],
  ['no URL', () => [], 'One URL is needed; see --help.\n'],
])('%s is one sentence', async (_case, args, expected) => {
  const { code, stdout, stderr } = await runCommand('connect.ts', args());
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(expected);
});
