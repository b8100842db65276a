/** The server side of the console: who gets a token, what the page may do, and how large it is. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { serve, type Served } from '../../console/server/index';

const folder = path.join(__dirname, '../../console');
let served: Served;
const minted: string[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, ['build.mjs'], { cwd: folder });
  served = await serve({
    url: 'wss://bus.example/v1',
    name: 'Stack',
    mint: (role, tenant) => {
      minted.push(`${role} of ${tenant}`);
      return Promise.resolve('a-token');
    },
  });
});
afterAll(() => served.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function get(target: string, headers: Record<string, string> = {}, base = served.url): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(target, base), { headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('the page is served with a policy that allows its own scripts and the bus only', async () => {
  const { status, headers, body } = await get('/');
  expect(status).toBe(200);
  expect(headers['content-security-policy']).toContain("script-src 'self'; style-src 'self'");
  expect(headers['content-security-policy']).toContain("connect-src 'self' wss://bus.example;");
  expect(headers['content-security-policy']).not.toContain('unsafe');
  expect(body).toContain('<script type="module" src="app.js">');
  expect((await get('/app.js')).status).toBe(200);
});

test('the session has a fresh token of an observer', async () => {
  const { status, body, headers } = await get('/_console/session');
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ url: 'wss://bus.example/v1', tenant: 'demo', token: 'a-token' });
  expect(headers['cache-control']).toBe('no-store');
  expect(minted).toEqual(['observer of demo']);
});

test('a console that mints for observers mints for nobody else, nor for another tenant', async () => {
  expect((await get('/_console/session?role=operator')).status).toBe(403);
  expect((await get('/_console/session?role=service')).status).toBe(403);
  await get('/_console/session?tenant=other');
  expect(minted.at(-1)).toBe('observer of demo');
});

test.each([
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { host: 'evil.example' },
])('a page of another site gets no token: %j', async (headers) => {
  const before = minted.length;
  expect((await get('/_console/session', headers)).status).toBe(403);
  expect(minted).toHaveLength(before);
});

test.each(['/../package.json', '/package.json', '/_gateway/logs', '/_console/cost', '/app.css/x'])(
  'nothing else is served: %s',
  async (target) => {
    expect((await get(target)).status).toBe(404);
  },
);

test('requests under /v1 go to the HTTP API with their token; other sites cannot send any', async () => {
  const seen: string[] = [];
  const api = createServer((asked, response) => {
    seen.push(`${asked.method ?? ''} ${asked.url ?? ''} ${asked.headers.authorization ?? ''}`);
    response
      .writeHead(429, { 'content-type': 'application/problem+json', 'retry-after': '2' })
      .end('{"code":"rate_limited"}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const { port } = api.address() as AddressInfo;
  const through = await serve({
    url: 'wss://bus.example',
    api: `http://127.0.0.1:${port}`,
    name: 'Stack',
    mint: () => Promise.resolve(''),
  });
  try {
    const answer = await get('/v1/agents?after=a%2Fb', { authorization: 'Bearer t' }, through.url);
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
      429,
      '2',
      '{"code":"rate_limited"}',
    ]);
    expect((await get('/v1/agents', { origin: 'https://evil.example' }, through.url)).status).toBe(403);
    expect(seen).toEqual(['GET /v1/agents?after=a%2Fb Bearer t']);
  } finally {
    await through.close();
    api.close();
    api.closeAllConnections();
  }
});

test('the page has at most 100 KB gzipped', () => {
  const dist = path.join(folder, 'dist');
  const sizes = readdirSync(dist).map((name) => gzipSync(readFileSync(path.join(dist, name))).length);
  expect(sizes.length).toBeGreaterThanOrEqual(4);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(100 * 1_024);
});
