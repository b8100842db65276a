/**
 * How connections end: the code and reason in `$disconnect`, that it is sent once, and its faults.
 * The codes and sentences are those seen on AWS.
 */
import { accept, recording } from './helpers/assembly';
import { call, connect, type TestClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;

beforeEach(async () => {
  running = await run({ functions: { Connect: accept, Default: recording(), Disconnect: recording() } });
});
afterEach(stopAll);

const endings: [string, (client: TestClient, id: string) => unknown, number, string][] = [
  [
    'no code',
    ({ socket }) => {
      socket.close();
    },
    1005,
    'Client-side close frame status not set',
  ],
  [
    'a code and a reason',
    ({ socket }) => {
      socket.close(4321, 'enough');
    },
    4321,
    'enough',
  ],
  [
    '1001 of a browser tab',
    ({ socket }) => {
      socket.close(1001);
    },
    1001,
    '',
  ],
  [
    'a vanished client',
    ({ socket }) => {
      socket.terminate();
    },
    1006,
    '',
  ],
  ['DELETE', (_, id) => call('DELETE', running.connectionUrl(id)), 1000, 'Connection Closed Normally'],
];

test.each(endings)('GW-57 GW-58 %s', async (_, end, code, reason) => {
  const client = await connect(running.url);
  const { connectionId } = running.gateway.connections()[0]!;
  await end(client, connectionId);
  const { requestContext } = await running.recorder.event('Disconnect');
  expect(requestContext).toMatchObject({
    connectionId,
    disconnectStatusCode: code,
    disconnectReason: reason,
  });
  // A second connection makes a full round: had the first ended twice, its event would be there by now.
  const next = await connect(running.url);
  next.socket.close();
  await running.recorder.event('Disconnect', 2);
  const ids = running.recorder.events('Disconnect').map((event) => event.requestContext.connectionId);
  expect(ids.filter((id) => id === connectionId)).toHaveLength(1);
});

test('GW-72 DELETE closes the client with 1000 and no reason', async () => {
  const client = await connect(running.url);
  const { connectionId } = running.gateway.connections()[0]!;
  expect((await call('DELETE', running.connectionUrl(connectionId))).status).toBe(204);
  expect(await client.closed).toEqual({ code: 1000, reason: '' });
});

test('GW-56 DISCONNECT runs when the connection is gone: a post from it gets 410', async () => {
  const { url, recorder } = await run({
    functions: {
      Connect: accept,
      Disconnect: `exports.handler = async ({ requestContext: { domainName, stage, connectionId } }) => {
        const Authorization = 'AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/execute-api/aws4_request';
        const url = 'http://' + domainName + '/' + stage + '/@connections/' + encodeURIComponent(connectionId);
        const answer = await fetch(url, { method: 'POST', body: 'late', headers: { Authorization } });
        console.log('status ' + answer.status);
        return { statusCode: 200 };
      };`,
    },
  });
  (await connect(url)).socket.close();
  await recorder.line('status 410');
});

test('GW-59 switches lose or double DISCONNECT events', async () => {
  const endOne = async (): Promise<void> => {
    const client = await connect(running.url);
    client.socket.close();
    await client.closed;
  };
  const { disconnect } = running.gateway.faults;
  disconnect.lose = 1;
  await endOne();
  Object.assign(disconnect, { lose: 0, duplicate: 1 });
  await endOne();
  const [first, second] = [
    await running.recorder.event('Disconnect', 1),
    await running.recorder.event('Disconnect', 2),
  ];
  expect(second).toEqual(first);
  disconnect.duplicate = 0;
  await endOne();
  await running.recorder.event('Disconnect', 3);
  expect(running.recorder.events('Disconnect')).toHaveLength(3);
});

test('GW-43 DISCONNECT does not wait for an earlier message', async () => {
  const { url, recorder } = await run({
    functions: {
      Connect: accept,
      Default: `exports.handler = async () => {
        console.log('begun');
        await new Promise((resolve) => setTimeout(resolve, 400));
        console.log('ended');
        return { statusCode: 200 };
      };`,
      Disconnect: recording(),
    },
  });
  const client = await connect(url);
  client.send('hello');
  await recorder.line('begun');
  client.socket.close();
  await recorder.event('Disconnect');
  expect(recorder.entries.map(({ text }) => text)).not.toContain('ended');
  await recorder.line('ended');
});

test('GW-43 under jitter DISCONNECT runs even before an earlier message', async () => {
  const { url, recorder, gateway } = await run(
    { functions: { Connect: accept, Default: recording(), Disconnect: recording() } },
    { faults: { message: { startDelayMs: 3_600_000 } } },
  );
  const client = await connect(url);
  client.send('early');
  client.socket.close();
  await recorder.event('Disconnect');
  expect(recorder.events('Default')).toEqual([]);
  await gateway.clock.advance(3_600_000);
  expect((await recorder.event('Default')).body).toBe('early');
});

test('GW-40 a failing $disconnect sends nothing to anyone', async () => {
  const { url, recorder, gateway } = await run({
    functions: {
      Connect: accept,
      Disconnect: "exports.handler = async () => { throw new Error('at the end'); };",
    },
  });
  (await connect(url)).socket.close();
  await recorder.line('at the end');
  expect(gateway.connections()).toEqual([]);
});
