/**
 * The opening handshake: which paths exist, what the client sees of `$connect`, sub-protocols, limits.
 * A refusal is an HTTP status and never an open socket.
 */
import { connect as connectTcp } from 'node:net';
import { accept, recording } from './helpers/assembly';
import { call, connect, frame, handshakeStatus, Refusal, upgradeText } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

/** Answers as the query string says. */
const obedient = `exports.handler = async (event) => {
  const { status, mode } = event.queryStringParameters ?? {};
  console.log(JSON.stringify(event));
  if (mode === 'throw') throw new Error('no');
  if (mode === 'malformed') return { hello: 'there' };
  if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, 300));
  return { statusCode: Number(status ?? 200), headers: { 'sec-websocket-protocol': event.queryStringParameters?.protocol } };
};`;

let running: Running;

beforeAll(async () => {
  running = await run({ functions: { Connect: obedient, Disconnect: recording() } });
});
afterAll(stopAll);

test('GW-1 the stage is accepted with and without a trailing slash', async () => {
  expect(await handshakeStatus(running.url)).toBe(101);
  expect(await handshakeStatus(`${running.url}/`)).toBe(101);
});

test.each(['/', '/other', '/ws/deeper', '/wsx', '/ws//', '/v1/ws'])(
  'GW-2 %s is refused with 403 and no function runs',
  async (path) => {
    const before = running.recorder.events('Connect').length;
    expect(await handshakeStatus(`${running.gateway.urls.base}${path}`)).toBe(403);
    expect(running.recorder.events('Connect')).toHaveLength(before);
  },
);

test('GW-2 a switch changes the status', async () => {
  const { gateway } = await run({}, { unverified: { unknownPathStatus: 404 } });
  expect(await handshakeStatus(`${gateway.urls.base}/other`)).toBe(404);
});

test('GW-3 a slow $connect holds the 101 back', async () => {
  const started = performance.now();
  await connect(`${running.url}?mode=slow`);
  expect(performance.now() - started).toBeGreaterThanOrEqual(299);
});

test.each([400, 401, 403, 404, 418, 429, 500, 503, 302])(
  'GW-4 $connect returning %i is the status of the handshake',
  async (status) => {
    expect(await handshakeStatus(`${running.url}?status=${status}`)).toBe(status);
  },
);

test.each(['throw', 'malformed'])('GW-5 $connect that ends with %s gives 502', async (mode) => {
  expect(await handshakeStatus(`${running.url}?mode=${mode}`)).toBe(502);
});

test('GW-5 $connect over its own timeout gives 502, over the integration timeout 504', async () => {
  const hang = 'exports.handler = () => new Promise(() => setInterval(() => {}, 1000));';
  const own = await run({ functions: { Connect: { code: hang, timeoutSeconds: 1 } } });
  expect(await handshakeStatus(own.url)).toBe(502);
  const told = `console.log('begun'); ${hang}`;
  const fixture = { functions: { Connect: { code: told, timeoutSeconds: 30 } } };
  for (const connectTimeoutStatus of [undefined, 500]) {
    const slow = await run(fixture, connectTimeoutStatus ? { unverified: { connectTimeoutStatus } } : {});
    const status = handshakeStatus(slow.url);
    await slow.recorder.line('begun');
    await slow.gateway.clock.advance(29_000);
    expect(await status).toBe(connectTimeoutStatus ?? 504);
  }
});

test('GW-5 a $connect that is still being loaded has not used its time up when the clock is moved', async () => {
  const loading = `console.log('loading'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);`;
  const { url, recorder, gateway } = await run({ functions: { Connect: `${loading} ${accept}` } });
  const status = handshakeStatus(url);
  await recorder.line('loading');
  await gateway.clock.advance(29_000);
  expect(await status).toBe(101);
});

test('GW-6 without a $connect route the handshake succeeds', async () => {
  const { url } = await run({ functions: { Default: accept } });
  expect(await handshakeStatus(url)).toBe(101);
});

test('GW-7 GW-60 a refusal opens no socket, names no function detail and is followed by no DISCONNECT', async () => {
  const refusal: unknown = await connect(`${running.url}?status=403`).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
  const body = JSON.parse((refusal as Refusal).body) as Record<string, string>;
  expect(Object.keys(body)).toEqual(['message', 'connectionId', 'requestId']);
  const client = await connect(running.url);
  client.socket.close();
  await running.recorder.event('Disconnect');
  const ends = running.recorder.events('Disconnect').map((event) => event.requestContext.connectionId);
  expect(ends).not.toContain(body.connectionId);
});

test('GW-8 the 101 names exactly the sub-protocol that $connect returned', async () => {
  const client = await connect(`${running.url}?protocol=b.v1`, ['a.v1', 'b.v1']);
  expect(client.socket.protocol).toBe('b.v1');
  await expect(connect(running.url, ['a.v1', 'b.v1'])).rejects.toThrow('Server sent no subprotocol');
});

test('GW-9 compression is not accepted', async () => {
  const client = await connect(running.url, [], { perMessageDeflate: true });
  expect(client.socket.extensions).toBe('');
});

test('GW-10 handshakes over the rate are answered with 429', async () => {
  const { url, gateway } = await run({ functions: { Connect: accept } }, { connectionsPerSecond: 2 });
  expect(await handshakeStatus(url)).toBe(101);
  expect(await handshakeStatus(url)).toBe(101);
  expect(await handshakeStatus(url)).toBe(429);
  await gateway.clock.advance(500);
  expect(await handshakeStatus(url)).toBe(101);
  const closed = await run({}, { connectionsPerSecond: 0 });
  expect(await handshakeStatus(closed.url)).toBe(429);
});

describe('GW-11 malformed upgrades are refused and no function runs', () => {
  const good = upgradeText('/ws');
  test.each([
    ['wrong method', good.replace('GET', 'POST'), 400],
    ['no key', good.replace(/Sec-WebSocket-Key.*\r\n/, ''), 400],
    ['bad key', good.replace(/Key: .*\r\n/, 'Key: short\r\n'), 400],
    ['old version', good.replace('Version: 13', 'Version: 7'), 400],
    ['other upgrade', good.replace('Upgrade: websocket', 'Upgrade: h2c'), 400],
    ['bad protocol', good.replace('Host: 127.0.0.1', 'Host: 127.0.0.1\r\nSec-WebSocket-Protocol: a, a'), 400],
    ['URL over 4,096 characters', upgradeText(`/ws?token=${'x'.repeat(4_096)}`), 414],
  ])('%s', async (_, text, status) => {
    const before = running.recorder.events('Connect').length;
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(running.gateway.port, '127.0.0.1', () => socket.write(text));
      socket.once('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
    });
    expect(answer).toMatch(`HTTP/1.1 ${status} `);
    expect(running.recorder.events('Connect')).toHaveLength(before);
  });

  test('no upgrade at all', async () => {
    const url = `http://127.0.0.1:${running.gateway.port}/ws`;
    expect((await call('GET', url)).status).toBe(426);
  });
});

test('a client that goes away during $connect still gets its DISCONNECT, with 1006', async () => {
  const stalled = await run({
    functions: {
      Connect: `exports.handler = async (event) => {
        console.log(JSON.stringify(event));
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { statusCode: 200 };
      };`,
      Disconnect: recording(),
    },
  });
  const socket = connectTcp(stalled.gateway.port, '127.0.0.1', () =>
    socket.write(upgradeText(new URL(stalled.url).pathname)),
  );
  const { requestContext } = await stalled.recorder.event('Connect');
  socket.end();
  const end = await stalled.recorder.event('Disconnect');
  expect(end.requestContext).toMatchObject({
    connectionId: requestContext.connectionId,
    disconnectStatusCode: 1006,
    disconnectReason: '',
  });
  expect((await call('POST', stalled.connectionUrl(String(requestContext.connectionId)))).status).toBe(410);
});

test('text that arrives together with the upgrade is delivered once the connection is open', async () => {
  const { gateway, recorder } = await run({ functions: { Connect: accept, Default: recording() } });
  const early = Buffer.concat([Buffer.from(upgradeText('/ws')), frame(1, Buffer.from('hi'))]);
  const socket = connectTcp(gateway.port, '127.0.0.1', () => socket.write(early));
  expect((await recorder.event('Default')).body).toBe('hi');
  socket.destroy();
});
