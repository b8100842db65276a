/** A page in the developer's browser must not reach what the gateway offers to programs of the machine. */
import { type IncomingMessage, request } from 'node:http';
import { handshake } from '../helpers/handshake';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;

/** With one page, as the console is. */
const start = (): Promise<Running> =>
  run(
    { resources: { SigningKey: { Type: 'AWS::KMS::Key', Properties: { KeySpec: 'ECC_NIST_P256' } } } },
    {
      site: ({ url }, response) => {
        if (url !== '/page') return false;
        response.writeHead(200).end('page');
        return true;
      },
    },
  );

beforeAll(async () => {
  running = await start();
});
afterAll(() => stopAll());

function ask(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
  { port } = running.gateway,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      response.resume();
      resolve(response);
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function statusOf(path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return (await ask(path, headers, method)).statusCode ?? 0;
}

/** What a browser shows after it has opened the page of the gateway. */
async function cookieOf({ gateway }: Running): Promise<string> {
  const { headers } = await ask('/page', { host: `127.0.0.1:${String(gateway.port)}` }, 'GET', gateway);
  const [cookie = ''] = headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/; Path=\/_gateway; HttpOnly; SameSite=Strict$/);
  return cookie.split(';')[0]!;
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

describe('the page of the gateway itself', () => {
  const own = () => {
    const host = `127.0.0.1:${String(running.gateway.port)}`;
    return { host, origin: `http://${host}` };
  };

  test('gets them with the cookie that came with it, but no page that another site shows in it', async () => {
    const { host, origin } = own();
    const cookie = await cookieOf(running);
    expect(await statusOf('/_gateway/costs', { host, origin, cookie })).toBe(200);
    const fetched = { host, cookie: `theme=dark; ${cookie}` };
    expect(await statusOf('/_gateway/costs', { ...fetched, 'sec-fetch-site': 'same-origin' })).toBe(200);
    for (const site of ['cross-site', 'same-site'])
      expect(await statusOf('/_gateway/costs', { host, cookie, 'sec-fetch-site': site })).toBe(403);
    const localhost = origin.replace('127.0.0.1', 'localhost');
    expect(await statusOf('/_gateway/costs', { host, cookie, origin: localhost })).toBe(403);
  });

  test('does not get them without it, nor with that of an earlier process', async () => {
    const { host, origin } = own();
    const earlier = await cookieOf(await start());
    const renamed = earlier.replace(/\d+=/, `${String(running.gateway.port)}=`);
    for (const cookie of ['', 'artcafe-gateway=guess', renamed]) {
      expect(await statusOf('/_gateway/costs', { host, origin, cookie })).toBe(403);
      expect(await statusOf('/_gateway/costs', { host, cookie, 'sec-fetch-site': 'same-origin' })).toBe(403);
    }
  });

  test('cannot mint a token: what stands for AWS is for programs only', async () => {
    const { host, origin } = own();
    const cookie = await cookieOf(running);
    expect(await statusOf('/_aws/kms', { host, origin, cookie, ...signed }, 'POST')).toBe(403);
  });

  test('is the only answer that has the cookie', async () => {
    const { host } = own();
    for (const path of ['/_gateway/ready', '/other', '/ws'])
      expect((await ask(path, { host })).headers).not.toHaveProperty('set-cookie');
  });
});

test('programs get their answers', async () => {
  expect(await statusOf('/_gateway/costs', {})).toBe(200);
  expect(await statusOf('/_aws/kms', signed, 'POST')).toBe(400);
});
