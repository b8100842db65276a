/** A page in the developer's browser must not reach what the gateway offers to programs of the machine. */
import { request } from 'node:http';
import { handshake } from '../helpers/handshake';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;

beforeAll(async () => {
  running = await run({
    resources: { SigningKey: { Type: 'AWS::KMS::Key', Properties: { KeySpec: 'ECC_NIST_P256' } } },
  });
});
afterAll(() => stopAll());

function statusOf(path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  const { port } = running.gateway;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}

const signed = {
  authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kms/aws4_request',
  'x-amz-target': 'TrentService.ListKeys',
};

test.each(['localhost', '127.0.0.1', 'LOCALHOST', '[::1]'])('answers to the name %s', async (name) => {
  const { port } = running.gateway;
  expect(await statusOf('/_gateway/ready', { host: `${name}:${String(port)}` })).toBe(200);
  expect(await statusOf('/_gateway/ready', { host: name })).toBe(200);
});

test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '10.0.0.1'])(
  'refuses a page that has pointed its own name %j at this machine',
  async (host) => {
    expect(await statusOf('/_gateway/ready', { host })).toBe(403);
    expect(await statusOf('/_aws/kms', { host, ...signed }, 'POST')).toBe(403);
    const { status } = await handshake(`${running.gateway.urls.base}/ws?token=t`, { host });
    expect(status).toBe(403);
  },
);

test.each(['https://evil.example', 'null', 'http://127.0.0.1:8787'])(
  'refuses requests of a page of %s to what is for programs',
  async (origin) => {
    for (const path of ['/_gateway/ready', '/_gateway/faults', '/_gateway/schedules', '/_gateway/costs'])
      expect(await statusOf(path, { origin })).toBe(403);
    expect(await statusOf('/_aws/kms', { origin, ...signed }, 'POST')).toBe(403);
    expect(await statusOf('/_aws/lambda/2015-03-31/functions/f/invocations', { origin }, 'POST')).toBe(403);
  },
);

test('the page of the gateway itself gets them, but no page that another site shows in it', async () => {
  const origin = `http://127.0.0.1:${String(running.gateway.port)}`;
  const host = `127.0.0.1:${String(running.gateway.port)}`;
  expect(await statusOf('/_gateway/costs', { origin, host })).toBe(200);
  expect(await statusOf('/_gateway/costs', { host, 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await statusOf('/_gateway/costs', { host, 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await statusOf('/_gateway/costs', { origin: origin.replace('127.0.0.1', 'localhost'), host })).toBe(
    403,
  );
});

test('programs get their answers', async () => {
  expect(await statusOf('/_gateway/costs', {})).toBe(200);
  expect(await statusOf('/_aws/kms', signed, 'POST')).toBe(400);
});
