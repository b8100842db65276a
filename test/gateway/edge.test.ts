/**
 * The distribution in front of the stage: the Function's own code decides, and the API sees CloudFront.
 * What the Function may change is what CloudFront lets it change.
 */
import { recording } from './helpers/assembly';
import { connect, handshakeStatus, Refusal } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

/** Echoes its event in a header and obeys the path. */
const code = `
var calls = 0;
function handler(event) {
  calls += 1;
  var request = event.request;
  var uri = request.uri;
  if (uri === '/throw') throw new Error('no');
  if (uri === '/nothing') return null;
  if (uri === '/loop') for (;;) {}
  if (uri === '/refuse') return { statusCode: 418, statusDescription: 'Teapot', headers: { 'x-why': { value: 'tea' } } };
  if (uri === '/elsewhere') return request;
  if (uri === '/text') request.querystring = 'made=up&as=text';
  else if (uri !== '/plain') request.querystring.path = { value: uri.slice(1), multiValue: [{ value: uri.slice(1) }, { value: 'x' }] };
  request.headers['x-event'] = { value: encodeURIComponent(JSON.stringify(event)) };
  request.headers['x-calls'] = { value: String(calls) };
  delete request.headers['x-secret'];
  request.uri = '/ws';
  return request;
}`;

let running: Running;
let base: string;

beforeAll(async () => {
  running = await run({ functions: { Connect: recording() }, edge: code });
  base = running.gateway.urls.base;
});
afterAll(stopAll);

test('GW-77 the API sees CloudFront as the client, and the viewer in X-Forwarded-For', async () => {
  await connect(`${base}/v1/ws?token=a%2Fb`, [], {
    headers: { 'User-Agent': 'agent/1.0', 'X-Secret': 's', 'X-KePt': 'k' },
  });
  const { headers, requestContext, queryStringParameters, multiValueQueryStringParameters } = running.recorder
    .events('Connect')
    .at(-1)!;
  expect(requestContext.identity.userAgent).toBe('Amazon CloudFront');
  expect(requestContext.identity.sourceIp).not.toBe('127.0.0.1');
  expect(headers['X-Forwarded-For']).toBe(`127.0.0.1, ${String(requestContext.identity.sourceIp)}`);
  expect(headers).toMatchObject({
    'User-Agent': 'Amazon CloudFront',
    'X-KePt': 'k',
    Host: `127.0.0.1:${running.gateway.port}`,
  });
  expect(headers).not.toHaveProperty('X-Secret');
  expect(queryStringParameters).toEqual({ token: 'a/b', path: 'x' });
  expect(multiValueQueryStringParameters).toEqual({ token: ['a/b'], path: ['v1/ws', 'x'] });
  expect(running.gateway.connections().at(-1)).toMatchObject({ viaEdge: true });
});

test('the Function gets CloudFront’s event in a fresh context each time', async () => {
  for (const expected of ['1', '1']) {
    await connect(`${base}/v1/a%20b?one=1&two=%2F&two=3&bare`, [], {
      headers: { Cookie: 'a=1; b=2' },
    });
    const { headers } = running.recorder.events('Connect').at(-1)!;
    expect(headers['x-calls']).toBe(expected);
    const event = JSON.parse(decodeURIComponent(headers['x-event']!)) as Record<
      string,
      Record<string, unknown>
    >;
    expect(Object.keys(event).sort()).toEqual(['context', 'request', 'version', 'viewer']);
    expect(event.viewer).toEqual({ ip: '127.0.0.1' });
    expect(event.context).toMatchObject({ eventType: 'viewer-request' });
    expect(event.request).toMatchObject({
      method: 'GET',
      uri: '/v1/a%20b',
      querystring: {
        one: { value: '1' },
        two: { value: '%2F', multiValue: [{ value: '%2F' }, { value: '3' }] },
        bare: { value: '' },
      },
      cookies: { a: { value: '1' }, b: { value: '2' } },
    });
    const seen = event.request!.headers as Record<string, unknown>;
    expect(seen).toHaveProperty('sec-websocket-key');
    for (const hidden of ['cookie', 'connection', 'upgrade']) expect(seen).not.toHaveProperty(hidden);
  }
});

test('the query may come back as text, or untouched', async () => {
  await connect(`${base}/text?a=1`);
  expect(running.recorder.events('Connect').at(-1)!.queryStringParameters).toEqual({
    made: 'up',
    as: 'text',
  });
  await connect(`${base}/plain?a=%2B&b`);
  expect(running.recorder.events('Connect').at(-1)!.queryStringParameters).toEqual({ a: '+', b: '' });
});

test.each([
  ['/throw', 503],
  ['/nothing', 503],
  ['/loop', 503],
  ['/refuse', 418],
  ['/elsewhere', 403],
  ['/ws/deeper', 403],
])('GW-2 %s is answered with %i and no function of the API runs', async (path, status) => {
  const before = running.recorder.events('Connect').length;
  expect(await handshakeStatus(`${base}${path}`)).toBe(status);
  expect(running.recorder.events('Connect')).toHaveLength(before);
});

test('a sub-protocol passes the edge', async () => {
  const protocols =
    "exports.handler = async (event) => ({ statusCode: 200, headers: { 'Sec-WebSocket-Protocol': event.headers['Sec-WebSocket-Protocol'] } });";
  const { gateway } = await run({ functions: { Connect: protocols }, edge: code });
  const client = await connect(`${String(gateway.urls.edge)}/ws`, ['a.v1']);
  expect(client.socket.protocol).toBe('a.v1');
});

test('an origin path leads to the stage as well, and Functions may be asynchronous', async () => {
  const rewrite = "async function handler(event) { event.request.uri = '/'; return event.request; }";
  const { gateway } = await run({ functions: { Connect: recording() }, edge: rewrite, originPath: '/ws' });
  expect(await handshakeStatus(`${gateway.urls.base}/anything`)).toBe(101);
});

test('the bare stage stays as it is, and without a distribution there is no edge', async () => {
  await connect(running.url, [], { headers: { 'User-Agent': 'agent/1.0' } });
  expect(running.recorder.events('Connect').at(-1)!.requestContext.identity).toEqual({
    sourceIp: '127.0.0.1',
    userAgent: 'agent/1.0',
  });
  const { gateway } = await run({ functions: { Connect: recording() } });
  expect(gateway.urls).not.toHaveProperty('edge');
  const refusal: unknown = await connect(`${gateway.urls.base}/v1/ws`).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
});

test('a Function that does not compile is a mistake of the user', async () => {
  await expect(run({ functions: {}, edge: 'function handler( {' })).rejects.toThrow(
    'The CloudFront Function does not compile',
  );
});
