/** The invoker against an HTTP server that answers as Lambda does (Invoke, in the AWS reference). */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaInvoker } from '../../lambda/aws/calls/lambda-invoker';
import { Unavailable } from '../../lambda/shared/ports';

let server: Server;
let invoker: LambdaInvoker;
let status: number;
/** What the server does with a request before it answers; true when that is all. */
let onRequest: (request: IncomingMessage) => boolean;
let requests: { request: IncomingMessage; body: string }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ request, body: Buffer.concat(chunks).toString() });
      if (!onRequest(request)) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  invoker = new LambdaInvoker({
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/base/`,
  });
});

beforeEach(() => {
  requests = [];
  status = 202;
  onRequest = () => false;
});

afterAll(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

test('hands over the event with a signed asynchronous call', async () => {
  await invoker.start('stack-Function/ä', { text: 'größe' });
  const [{ request, body }] = requests as [(typeof requests)[number]];
  expect(request.method).toBe('POST');
  expect(request.url).toBe('/base/2015-03-31/functions/stack-Function%2F%C3%A4/invocations');
  expect(JSON.parse(body)).toEqual({ text: 'größe' });
  expect(request.headers).toMatchObject({
    'x-amz-invocation-type': 'Event',
    'x-amz-security-token': 'session',
    'content-type': 'application/json',
  });
  expect(request.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-north-1\/lambda\/aws4_request, SignedHeaders=[^,]*host[^,]*, Signature=[0-9a-f]{64}$/,
  );
});

test.each([429, 500, 503])('a %i is worth another try', async (answer) => {
  status = answer;
  await expect(invoker.start('f', {})).rejects.toThrow(Unavailable);
  expect(requests).toHaveLength(1);
});

test.each([400, 403, 404, 413])('a %i is a defect', async (answer) => {
  status = answer;
  const failure = await invoker.start('f', {}).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(Unavailable);
});

test('no answer is worth another try', async () => {
  const nowhere = new LambdaInvoker({
    AWS_REGION: 'eu-north-1',
    AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:1',
  });
  await expect(nowhere.start('f', {})).rejects.toThrow(Unavailable);
});

test.each([
  ['in order', (request: IncomingMessage) => request.socket.end()],
  ['by a reset', (request: IncomingMessage) => request.socket.resetAndDestroy()],
])('a kept socket that Lambda has closed %s costs no event', async (_how, close) => {
  await invoker.start('f', { number: 1 });
  const kept = requests[0]!.request.socket;
  onRequest = (request) => {
    if (request.socket !== kept) return false;
    close(request);
    return true;
  };
  await invoker.start('f', { number: 2 });
  expect(requests.map(({ body }) => body)).toEqual(['{"number":1}', '{"number":2}', '{"number":2}']);
});

test('a socket that was idle for 20 seconds is not used again', async () => {
  await invoker.start('f', {});
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 20_000);
  try {
    await invoker.start('f', {});
  } finally {
    clock.mockRestore();
  }
  const [first, second] = requests;
  expect(second!.request.socket).not.toBe(first!.request.socket);
});

test('an event over 256 KB is not sent', async () => {
  const fits = { text: 'x'.repeat(262_144 - '{"text":""}'.length) };
  await invoker.start('f', fits);
  await expect(invoker.start('f', { text: `${fits.text}x` })).rejects.toThrow(RangeError);
  expect(requests).toHaveLength(1);
});
