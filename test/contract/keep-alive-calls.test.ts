/** Calls over kept sockets, against a server that does on its sockets just what the test says. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { KeepAliveCalls } from '../../lambda/aws/calls/keep-alive-calls';
import { type Answer, notSent, PendingCall } from '../../lambda/aws/calls/pending-call';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const patienceMs = 5_000;

/** A request as it came in, and the socket that it came in on, counted from 0. */
interface Request {
  readonly text: string;
  readonly socket: Socket;
  readonly number: number;
}

let server: Server;
let port: number;
let requests: Request[];
let sockets: Socket[];
let onRequest: (request: Request) => void;

beforeEach(async () => {
  requests = [];
  sockets = [];
  onRequest = ({ socket }) => socket.write(ok);
  server = createServer((socket) => {
    const number = sockets.push(socket) - 1;
    socket.on('error', () => undefined);
    // The tests' requests are small, and a client writes each at once.
    socket.on('data', (bytes: Buffer) => {
      const request = { text: bytes.toString(), socket, number };
      requests.push(request);
      onRequest(request);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function callsOver(maxSockets: number): (path: string, timeoutMs?: number) => Promise<Answer> {
  const calls = new KeepAliveCalls(new URL(`http://127.0.0.1:${port}/ws`), maxSockets);
  return (path, timeoutMs = patienceMs) =>
    calls.call({ method: 'POST', path, headers: { host: 'h' }, body: '"ä"', timeoutMs });
}

const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));
const delivered = { status: 200, systemCode: undefined };
const noAnswer = { status: undefined, systemCode: undefined };

test('writes head and body as HTTP does', async () => {
  const call = callsOver(1);
  expect(await call('/a')).toEqual(delivered);
  expect(requests[0]?.text).toBe('POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\n"ä"');
});

test('a call without a body has no length', async () => {
  const calls = new KeepAliveCalls(new URL(`http://127.0.0.1:${port}/ws`), 1);
  await calls.call({
    method: 'GET',
    path: '/a',
    headers: { host: 'h' },
    body: undefined,
    timeoutMs: patienceMs,
  });
  expect(requests[0]?.text).toBe('GET /a HTTP/1.1\r\nhost: h\r\n\r\n');
});

test('each caller gets the answer to its own call, though they wait for one socket', async () => {
  onRequest = ({ socket, text }) => {
    socket.write(`HTTP/1.1 ${/\/(\d+)/.exec(text)?.[1] ?? ''} X\r\ncontent-length: 0\r\n\r\n`);
  };
  const call = callsOver(1);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => call(`/${200 + index}`)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, (_, index) => 200 + index));
  expect(sockets).toHaveLength(1);
});

test('a call whose time is over before it had a socket is never made', async () => {
  const arrival = new Promise<Socket>((resolve) => {
    onRequest = ({ socket }) => {
      resolve(socket);
    };
  });
  const call = callsOver(1);
  const first = call('/first');
  const held = await arrival;
  expect(await call('/second', 20)).toEqual({ status: undefined, systemCode: notSent });
  held.write(ok);
  expect(await first).toEqual(delivered);
  onRequest = ({ socket }) => socket.write(ok);
  expect(await call('/third')).toEqual(delivered);
  expect(requests.map(({ text }) => text.split(' ')[1])).toEqual(['/first', '/third']);
});

test('the time for the answer begins when the request is written, not when the call is made', async () => {
  const answerAfter = (ms: number) => (request: Request) => setTimeout(() => request.socket.write(ok), ms);
  onRequest = answerAfter(400);
  const call = callsOver(1);
  expect(await Promise.all([call('/first', 700), call('/second', 700)])).toEqual([delivered, delivered]);
});

test('a socket that was idle for 20 seconds is not used again', async () => {
  const call = callsOver(1);
  await call('/a');
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 20_000);
  try {
    expect(await call('/b')).toEqual(delivered);
  } finally {
    clock.mockRestore();
  }
  expect(requests.map(({ number }) => number)).toEqual([0, 1]);
});

test('an answer that comes too late answers no other call', async () => {
  const held: Socket[] = [];
  onRequest = ({ socket }) => held.push(socket);
  const call = callsOver(1);
  expect(await call('/slow', 20)).toEqual(noAnswer);
  const second = call('/second');
  held[0]?.write('HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n');
  onRequest = ({ socket }) => socket.write(ok);
  expect(await second).toEqual(delivered);
  expect(requests.map(({ number }) => number)).toEqual([0, 1]);
});

test('a status whose body does not come in time is an answer, and the socket is not used again', async () => {
  onRequest = ({ socket }) => socket.write('HTTP/1.1 500 X\r\ncontent-length: 9\r\n\r\nbegun');
  const call = callsOver(1);
  expect(await call('/a', 1_000)).toEqual({ status: 500, systemCode: undefined });
  onRequest = ({ socket }) => socket.write(ok);
  expect(await call('/b')).toEqual(delivered);
  expect(requests.map(({ number }) => number)).toEqual([0, 1]);
});

test.each([
  ['in order', (socket: Socket) => socket.end()],
  ['by a reset', (socket: Socket) => socket.resetAndDestroy()],
])('a kept socket that was closed %s costs a call nothing', async (_how, close) => {
  const call = callsOver(2);
  expect(await call('/a')).toEqual(delivered);
  onRequest = ({ socket, number }) => {
    if (number === 0) close(socket);
    else socket.write(ok);
  };
  expect(await call('/b')).toEqual(delivered);
  expect(requests.map(({ text, number }) => [text.split(' ')[1], number])).toEqual([
    ['/a', 0],
    ['/b', 0],
    ['/b', 1],
  ]);
});

test('a kept socket that was closed while nobody used it is not used', async () => {
  const call = callsOver(2);
  await call('/a');
  sockets[0]?.end();
  await closed(sockets[0]!);
  expect(await call('/b')).toEqual(delivered);
  expect(requests.map(({ number }) => number)).toEqual([0, 1]);
});

test('a socket that breaks off within an answer is no reason to call again', async () => {
  const call = callsOver(1);
  await call('/a');
  onRequest = ({ socket }) => socket.end('HTTP/1.1 2');
  expect(await call('/b')).toEqual({ status: undefined, systemCode: 'ECONNRESET' });
  expect(requests).toHaveLength(2);
});

test('a call on a new socket is made once', async () => {
  onRequest = ({ socket }) => socket.end();
  const call = callsOver(1);
  expect(await call('/a')).toEqual({ status: undefined, systemCode: 'ECONNRESET' });
  expect(requests).toHaveLength(1);
});

test('what nobody has asked for ends the use of the socket', async () => {
  const call = callsOver(1);
  await call('/a');
  sockets[0]?.write('HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n');
  await closed(sockets[0]!);
  expect(await call('/b')).toEqual(delivered);
  expect(requests.map(({ number }) => number)).toEqual([0, 1]);
});

test('an unreachable server rejects each of the waiting calls with its code', async () => {
  const call = callsOver(1);
  await new Promise((resolve) => server.close(resolve));
  const answers = await Promise.all([call('/a'), call('/b'), call('/c')]);
  expect(answers).toEqual(Array(3).fill({ status: undefined, systemCode: 'ECONNREFUSED' }));
});

test('a handshake that never ends is given up, so that the calls after it get a socket', async () => {
  // It accepts connections and never answers the TLS handshake.
  onRequest = () => undefined;
  const calls = new KeepAliveCalls(new URL(`https://127.0.0.1:${port}/ws`), 2);
  const call = { method: 'GET' as const, path: '/a', headers: { host: 'h' }, body: undefined };
  const answers = [1, 2].map(() => calls.call({ ...call, timeoutMs: 100, waitMs: patienceMs }));
  expect((await Promise.all(answers)).map(({ systemCode }) => systemCode)).toEqual([
    'ECONNRESET',
    'ECONNRESET',
  ]);
  expect(sockets).toHaveLength(2);
});

test('a call that waits for a socket again is bounded again', async () => {
  const leave = jest.fn();
  const answer = await new Promise<Answer>((resolve) => {
    const call = new PendingCall('GET', 20, patienceMs, resolve, leave);
    call.sent(() => undefined);
    call.wait();
  });
  expect(answer).toEqual({ status: undefined, systemCode: notSent });
  expect(leave).toHaveBeenCalledTimes(1);
});
