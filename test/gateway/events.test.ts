/**
 * The events that functions receive: exact members, types and values.
 * What is absent on AWS must be absent here, not null.
 */
import { accept, recording } from './helpers/assembly';
import { call, connect } from './helpers/client';
import type { RecordedEvent } from './helpers/recorder';
import { type Running, run, stopAll } from './helpers/running';

const context = [
  'apiId',
  'connectedAt',
  'connectionId',
  'domainName',
  'eventType',
  'extendedRequestId',
  'identity',
  'messageDirection',
  'requestId',
  'requestTime',
  'requestTimeEpoch',
  'routeKey',
  'stage',
];
const keys = (value: object): string[] => Object.keys(value).sort();

let running: Running;
let events: Record<'connect' | 'message' | 'disconnect', RecordedEvent>;

beforeAll(async () => {
  running = await run({ functions: { Connect: recording(), Default: recording(), Disconnect: recording() } });
  const client = await connect(`${running.url}?a=1&b=x%20y&a=2`, [], {
    headers: { 'User-Agent': 'agent/1.0', 'X-MiXeD': 'kept', 'X-Forwarded-For': '198.51.100.1' },
  });
  client.send(' {"text":"grüße"} ');
  await running.recorder.event('Default');
  client.socket.close(4000, 'done');
  events = {
    connect: await running.recorder.event('Connect'),
    message: await running.recorder.event('Default'),
    disconnect: await running.recorder.event('Disconnect'),
  };
});
afterAll(stopAll);

test('GW-22 CONNECT has exactly these members', () => {
  expect(keys(events.connect)).toEqual([
    'headers',
    'isBase64Encoded',
    'multiValueHeaders',
    'multiValueQueryStringParameters',
    'queryStringParameters',
    'requestContext',
  ]);
  expect(keys(events.connect.requestContext)).toEqual(context);
});

test('GW-22 GW-28 MESSAGE has exactly these members, and the text as it was sent', () => {
  expect(keys(events.message)).toEqual(['body', 'isBase64Encoded', 'requestContext']);
  expect(keys(events.message.requestContext)).toEqual([...context, 'messageId'].sort());
  expect(events.message.body).toBe(' {"text":"grüße"} ');
  expect(events.message.isBase64Encoded).toBe(false);
});

test('GW-22 GW-29 DISCONNECT has exactly these members, four headers and no body', () => {
  const host = `127.0.0.1:${running.gateway.port}`;
  expect(events.disconnect).toEqual({
    headers: { Host: host, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' },
    multiValueHeaders: { Host: [host], 'x-api-key': [''], 'X-Forwarded-For': [''], 'x-restapi': [''] },
    requestContext: expect.anything(),
    isBase64Encoded: false,
  });
  expect(keys(events.disconnect.requestContext)).toEqual(
    [...context, 'disconnectReason', 'disconnectStatusCode'].sort(),
  );
  expect(events.disconnect.requestContext).toMatchObject({
    disconnectStatusCode: 4000,
    disconnectReason: 'done',
  });
});

test('GW-23 requestId equals extendedRequestId and is new in every event', () => {
  const contexts = Object.values(events).map((event) => event.requestContext);
  for (const each of contexts) expect(each.requestId).toBe(each.extendedRequestId);
  expect(new Set(contexts.map((each) => each.requestId)).size).toBe(3);
});

test('GW-25 times agree and advance; connectedAt is constant', () => {
  const contexts = [events.connect, events.message, events.disconnect].map((event) => event.requestContext);
  expect(new Set(contexts.map((each) => each.connectedAt)).size).toBe(1);
  const epochs = contexts.map((each) => Number(each.requestTimeEpoch));
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  expect(epochs[0]).toBeGreaterThanOrEqual(Number(contexts[0]!.connectedAt));
  for (const each of contexts) {
    const written = String(each.requestTime).replace(/^(\d+)\/(\w+)\/(\d+):(.*)$/, '$1 $2 $3 $4');
    expect(Date.parse(written)).toBe(Math.floor(Number(each.requestTimeEpoch) / 1000) * 1000);
  }
});

test('GW-26 CONNECT headers keep their casing, lack Connection and Upgrade, and have the platform’s own', () => {
  const { headers, multiValueHeaders } = events.connect;
  expect(headers).toMatchObject({
    'X-MiXeD': 'kept',
    'X-Forwarded-For': '198.51.100.1, 127.0.0.1',
    'X-Forwarded-Port': '443',
    'X-Forwarded-Proto': 'https',
    Host: `127.0.0.1:${running.gateway.port}`,
  });
  expect(headers['X-Amzn-Trace-Id']).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  expect(keys(headers).map((name) => name.toLowerCase())).not.toContain('connection');
  expect(keys(headers).map((name) => name.toLowerCase())).not.toContain('upgrade');
  expect(multiValueHeaders).toEqual(
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  );
});

test('GW-27 of a repeated query value the last is single, all are multiple; values are decoded', () => {
  expect(events.connect.queryStringParameters).toEqual({ a: '2', b: 'x y' });
  expect(events.connect.multiValueQueryStringParameters).toEqual({ a: ['1', '2'], b: ['x y'] });
});

test('GW-27 GW-30 no query, no query members; no user agent, no userAgent', async () => {
  await connect(running.url);
  const event = running.recorder.events('Connect').at(-1)!;
  expect(keys(event)).toEqual(['headers', 'isBase64Encoded', 'multiValueHeaders', 'requestContext']);
  expect(event.requestContext.identity).toEqual({ sourceIp: '127.0.0.1' });
  expect(events.connect.requestContext.identity).toEqual({ userAgent: 'agent/1.0', sourceIp: '127.0.0.1' });
});

test('GW-31 domainName and stage of an event make a working callback URL', async () => {
  const client = await connect(running.url);
  const { domainName, stage, connectionId } = running.recorder.events('Connect').at(-1)!.requestContext;
  const url = `http://${String(domainName)}/${String(stage)}/@connections/${encodeURIComponent(String(connectionId))}`;
  expect((await call('POST', url, { body: 'hello' })).status).toBe(200);
  expect(await client.next()).toBe('hello');
});

test('GW-32 stage variables appear only when the stage defines some', async () => {
  const { url, recorder } = await run({
    functions: { Connect: accept, Default: recording() },
    stageVariables: { mode: 'test' },
  });
  const client = await connect(url);
  client.send('hello');
  expect((await recorder.event('Default')).stageVariables).toEqual({ mode: 'test' });
  expect(events.message).not.toHaveProperty('stageVariables');
});
