/**
 * `@connections` as functions use it: statuses, error names, limits, and the spelling of the path.
 * The SDK's own view of a gone connection is checked with the SDK.
 */
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { connectionIdShape, platformId } from '../../gateway/ids';
import { accept, recording } from './helpers/assembly';
import { call, connect, type TestClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;
let client: TestClient;
let id: string;
let url: string;

beforeAll(async () => {
  running = await run({ functions: { Connect: accept, Default: recording() } });
});
beforeEach(async () => {
  client = await connect(running.url, [], { headers: { 'User-Agent': 'agent/1.0' } });
  id = running.gateway.connections().at(-1)!.connectionId;
  url = running.connectionUrl(id);
});
afterAll(stopAll);

test('GW-24 ids are 16 characters that need percent-encoding, often with - and _', () => {
  const ids = Array.from({ length: 200 }, platformId);
  for (const each of ids) expect(each).toMatch(/^[A-Za-z0-9_-]{15}=$/);
  expect(ids.filter((each) => each.includes('-')).length).toBeGreaterThan(10);
  expect(ids.filter((each) => each.includes('_')).length).toBeGreaterThan(10);
  expect(new Set(ids).size).toBe(200);
  expect(id).toMatch(connectionIdShape);
});

test('GW-61 the path may be encoded or not', async () => {
  const { callback } = running.gateway.endpoints;
  for (const path of [
    `@connections/${id}`,
    `%40connections/${encodeURIComponent(id)}`,
    `@connections/${encodeURIComponent(id)}`,
  ]) {
    expect((await call('POST', `${callback}/${path}`, { body: path })).status).toBe(200);
    expect(await client.next()).toBe(path);
  }
});

test.each(['/@connections/', '/other/@connections/', '/ws/connections/', '/ws/x/@connections/', '/ws/%4/'])(
  'GW-62 %s is refused with 403',
  async (prefix) => {
    const answer = await call('POST', `http://127.0.0.1:${running.gateway.port}${prefix}${id}`, {
      body: 'x',
    });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ message: 'Forbidden' });
  },
);

test('GW-63 GW-73 POST 200 and empty, GET 200 with four members, DELETE 204', async () => {
  const posted = await call('POST', url, { body: 'hello' });
  expect([posted.status, posted.body]).toEqual([200, '']);
  const got = await call('GET', url);
  const first = JSON.parse(got.body) as Record<string, string>;
  expect(got.status).toBe(200);
  expect(first).toEqual({
    connectedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    identity: { sourceIp: '127.0.0.1', userAgent: 'agent/1.0' },
    lastActiveAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
  await running.gateway.clock.advance(1_000);
  client.send('a message');
  await running.recorder.event('Default');
  const second = JSON.parse((await call('GET', url)).body) as Record<string, string>;
  expect(second.connectedAt).toBe(first.connectedAt);
  expect(Date.parse(second.lastActiveAt!)).toBeGreaterThan(Date.parse(first.lastActiveAt!));
  const deleted = await call('DELETE', url);
  expect([deleted.status, deleted.body]).toEqual([204, '']);
});

test.each(['POST', 'GET', 'DELETE'])(
  'GW-64 %s on a connection that is gone or never was is 410',
  async (method) => {
    client.socket.close();
    await client.closed;
    for (const gone of [url, running.connectionUrl('Qk3fZeXoIAMCJ7w=')]) {
      const answer = await call(method, gone, { ...(method === 'POST' && { body: 'x' }) });
      expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([410, 'GoneException']);
    }
  },
);

test('GW-64 the SDK posts, and raises GoneException', async () => {
  const sdk = new ApiGatewayManagementApiClient({
    endpoint: running.gateway.endpoints.callback,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await sdk.send(new PostToConnectionCommand({ ConnectionId: id, Data: Buffer.from('from the SDK') }));
  expect(await client.next()).toBe('from the SDK');
  const gone = new PostToConnectionCommand({ ConnectionId: 'Qk3fZeXoIAMCJ7w=', Data: Buffer.from('x') });
  await expect(sdk.send(gone)).rejects.toMatchObject({
    name: 'GoneException',
    $metadata: { httpStatusCode: 410 },
  });
  sdk.destroy();
});

test.each(['short', 'Qk3fZeXoIAMCJ7w', 'Qk3fZeXoIAMCJ7w==', 'Qk3f/eXoIAMCJ7w='])(
  'GW-65 the id %s is malformed: 400',
  async (bad) => {
    const answer = await call('POST', running.connectionUrl(bad), { body: 'x' });
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([400, 'BadRequestException']);
  },
);

test('GW-66 inside its own $connect a connection is gone', async () => {
  const inside = await run({
    functions: {
      Connect: `exports.handler = async ({ requestContext: { domainName, stage, connectionId } }) => {
        const Authorization = 'AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/execute-api/aws4_request';
        const url = 'http://' + domainName + '/' + stage + '/@connections/' + encodeURIComponent(connectionId);
        const answer = await fetch(url, { method: 'POST', body: 'early', headers: { Authorization } });
        console.log('status ' + answer.status);
        return { statusCode: 200 };
      };`,
    },
  });
  await connect(inside.url);
  await inside.recorder.line('status 410');
});

test('GW-66 a switch lets calls inside $connect hang instead', async () => {
  const inside = await run(
    {
      functions: {
        Connect: `exports.handler = async ({ requestContext: { domainName, stage, connectionId } }) => {
          const Authorization = 'AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/execute-api/aws4_request';
          const url = 'http://' + domainName + '/' + stage + '/@connections/' + encodeURIComponent(connectionId);
          const signal = AbortSignal.timeout(150);
          await fetch(url, { headers: { Authorization }, signal }).then(
            (answer) => console.log('status ' + answer.status),
            (error) => console.log('gave up: ' + error.name),
          );
          return { statusCode: 200 };
        };`,
      },
    },
    { unverified: { callInsideConnect: 'hang' } },
  );
  await connect(inside.url);
  await inside.recorder.line('gave up: TimeoutError');
  const [{ connectionId } = { connectionId: '' }] = inside.gateway.connections();
  expect((await call('GET', inside.connectionUrl(connectionId))).status).toBe(200);
});

test('GW-67 131,072 bytes pass, one more is 413', async () => {
  expect((await call('POST', url, { body: Buffer.alloc(131_072, 'x') })).status).toBe(200);
  expect(await client.next()).toHaveLength(131_072);
  const answer = await call('POST', url, { body: Buffer.alloc(131_073, 'x') });
  expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([413, 'PayloadTooLargeException']);
});

test('GW-63 a switch makes DELETE answer 200', async () => {
  const old = await run({ functions: { Connect: accept } }, { unverified: { deleteStatus: 200 } });
  await connect(old.url);
  const { connectionId } = old.gateway.connections()[0]!;
  expect((await call('DELETE', old.connectionUrl(connectionId))).status).toBe(200);
});

test('GW-69 calls over the rate or the burst are answered with 429', async () => {
  const limited = await run(
    { functions: { Connect: accept } },
    { callbacksPerSecond: 0.01, callbackBurst: 3 },
  );
  await connect(limited.url);
  const { connectionId } = limited.gateway.connections()[0]!;
  const post = () => call('POST', limited.connectionUrl(connectionId), { body: 'x' });
  const statuses = async (count: number): Promise<number[]> => {
    const found: number[] = [];
    while (found.length < count) found.push((await post()).status);
    return found;
  };
  expect(await statuses(4)).toEqual([200, 200, 200, 429]);
  expect((await post()).headers['x-amzn-errortype']).toBe('LimitExceededException');
  await limited.gateway.clock.advance(200_000);
  expect(await statuses(3)).toEqual([200, 200, 429]);
});

test('GW-69 a client that does not read is 429 in the end', async () => {
  client.socket.pause();
  const body = Buffer.alloc(131_072, 'x');
  let answer = await call('POST', url, { body });
  for (let posts = 0; answer.status === 200 && posts < 400; posts += 1)
    answer = await call('POST', url, { body });
  expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([429, 'LimitExceededException']);
  client.socket.terminate();
});

test.each([null, 's3', 'lambda'])('GW-70 a signature for %s is refused with 403', async (service) => {
  expect((await call('POST', url, { body: 'x', service })).status).toBe(403);
});

test('posts to seeded connections are counted and answered, and to others that never were still refused', async () => {
  const seeded = platformId();
  const { gateway } = await run({}, { isSeeded: (connectionId) => connectionId === seeded });
  const posted = (connectionId: string) =>
    call('POST', `${gateway.endpoints.callback}/@connections/${encodeURIComponent(connectionId)}`, {
      body: 'hello',
    });
  expect((await posted(seeded)).status).toBe(200);
  expect((await posted(platformId())).status).toBe(410);
  expect(gateway.costs().counts).toMatchObject({ messagesOut: 1, unitsOut: 1, bytesOut: 5 });
});
