/**
 * A run with marked tokens, query strings and contents, good and bad, with the service whole and broken; afterwards the marks are looked
 * for where they must never be: the template, the log lines, the ERROR frames and the refused handshakes.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { assemblyFor } from '../helpers/assembly';
import { Bus } from '../helpers/bus';
import { handshake } from '../helpers/handshake';
import { headerFor, newKey, signed } from '../helpers/tokens';
import type { Frame } from '../helpers/ws-client';

const mark = (word: string): string => `${word}-${randomUUID()}`;
const tokenMark = mark('token');
const queryMark = mark('query');
const contentMark = mark('content');

let bus: Bus;
/** Whole tokens, and their parts. */
const tokens: string[] = [];
const errors: Frame[] = [];
const refusals: string[] = [];

/** Of a tenant of its own, so that only the flooder meets the limit of rate. */
const tokenWith = (claims: Record<string, unknown> = {}): string => {
  const tenant = `t${String(tokens.length)}`;
  const token = bus.signedToken({ tenant_id: tenant, agent_id: 'a', note: tokenMark, ...claims });
  tokens.push(token);
  return token;
};

const urlWith = (token: string, query: Record<string, string> = {}): string =>
  bus.url({ token, note: queryMark, ...query });

async function refused(url: string): Promise<void> {
  const { status, headers, body } = await handshake(url);
  expect(status).toBeGreaterThanOrEqual(400);
  refusals.push(JSON.stringify([headers, body]));
}

const spoiled = [
  contentMark,
  `{"id":"m","content":"${contentMark}`,
  JSON.stringify({ id: 'm', type: contentMark.toUpperCase(), content: contentMark }),
  JSON.stringify({ id: 'm', content: contentMark, metadata: contentMark }),
  JSON.stringify({ id: 'm', content: contentMark, echo: contentMark }),
  JSON.stringify({ id: 'm', content: contentMark, channel_id: `${contentMark} not a channel` }),
  JSON.stringify({ id: 'm', content: contentMark, channel_id: '$inbox' }),
  JSON.stringify({ id: 'm', content: contentMark, to: `\u0000${contentMark}` }),
  JSON.stringify({ id: 'm', content: contentMark, to: contentMark, expects_reply: true }),
  JSON.stringify({ id: 'm', content: contentMark, correlation_id: `\u0000${contentMark}` }),
  JSON.stringify({ id: 'm', content: contentMark, channel_id: 'not-granted' }),
  `{"id":"m","content":{"${contentMark}":${'['.repeat(80)}${']'.repeat(80)}}}`,
  `{"id":"m","content":["${contentMark}",1e400]}`,
  JSON.stringify(Array(26).fill({ id: 'm', content: contentMark })),
  JSON.stringify({ id: 'm', content: Array(7_000).fill(1), note: contentMark }),
  JSON.stringify([contentMark]),
];

async function send(text: string): Promise<Frame> {
  const client = await bus.open(urlWith(tokenWith({ channels: ['c'] }), { channel_id: 'c' }));
  if (text.length > 30_000) client.sendInPieces(text, 30_000);
  else client.sendText(text);
  const reply = await client.next(({ type }) => type === 'ACK' || type === 'ERROR');
  await client.close();
  if (reply.type === 'ERROR') errors.push(reply);
  return reply;
}

beforeAll(async () => {
  bus = await Bus.start({
    settings: { messageRate: { agentPerSecond: 1, agentBurst: 10, tenantPerSecond: 1, tenantBurst: 30 } },
  });

  for (const frame of [
    { id: 'm1', content: contentMark, metadata: { note: contentMark }, further: contentMark },
    { id: 'm2', content: contentMark, ephemeral: true },
    { id: 'm3', content: contentMark, to: 'a' },
    { id: 'm3', content: contentMark, to: 'a', retry: true },
  ]) {
    expect(await send(JSON.stringify(frame))).toMatchObject({ type: 'ACK' });
  }
  for (const text of spoiled) expect(await send(text)).toMatchObject({ type: 'ERROR' });
  const big = JSON.stringify({ id: 'm', content: contentMark + 'x'.repeat(131_000 - contentMark.length) });
  expect(await send(big)).toMatchObject({ code: 'payload_too_large' });
  const flooder = await bus.open(urlWith(tokenWith({ agent_id: 'flooder' }), { channel_id: 'c' }));
  const flood = Array.from({ length: 25 }, (_, n) => ({
    id: `f${n}`,
    content: contentMark,
    ephemeral: true,
  }));
  flooder.send(flood);
  errors.push(await flooder.next({ code: 'rate_limited' }, 30_000));

  const good = tokenWith();
  const foreign = newKey();
  const forged = signed(headerFor(foreign), { tenant_id: 't', agent_id: 'a', note: tokenMark }, foreign);
  tokens.push(forged);
  for (const url of [
    urlWith(tokenMark),
    urlWith(forged),
    urlWith(`${good}x`),
    urlWith(tokenWith({ exp: bus.seconds() - 10 })),
    urlWith(tokenWith({ tenant_id: undefined })),
    urlWith(good, { channel_id: `${queryMark} not a channel` }),
    urlWith(good, { tenant_id: queryMark }),
    urlWith(tokenWith({ channels: [] }), { channel_id: queryMark }),
    `${bus.url({ token: good })}&token=${tokenMark}&note=${queryMark}`,
    `${bus.baseUrls.api}/ws/${queryMark}?token=${good}`,
    `${bus.pathUrl(good, 't', 'b', queryMark)}&note=${queryMark}`,
  ]) {
    await refused(url);
  }

  await bus.inside.tables.drop('message');
  expect(await send(JSON.stringify({ id: 'm', content: contentMark }))).toMatchObject({ type: 'ERROR' });
  await bus.inside.tables.drop('agent');
  await refused(urlWith(tokenWith()));
});
afterAll(() => bus.stop());

/** What must not be anywhere: the marks as they are or encoded, and each part of each token that is not a header. */
function secrets(): string[] {
  const marks = [tokenMark, queryMark, contentMark];
  const parts = tokens.flatMap((token) => token.split('.').slice(1));
  return [...marks, ...marks.map((each) => Buffer.from(each).toString('base64').slice(4, 30)), ...parts];
}

function leaksIn(texts: readonly string[]): string[] {
  expect(texts.length).toBeGreaterThan(0);
  const wanted = secrets();
  return texts.filter((text) => wanted.some((secret) => text.includes(secret)));
}

test('no log line holds a token, a query string or content', () => {
  const lines = bus.inside.log.map(({ text }) => text);
  expect(lines.filter((line) => line.includes('"published"')).length).toBeGreaterThan(15);
  expect(lines.filter((line) => line.includes('"publish_failed"'))).not.toEqual([]);
  expect(lines.filter((line) => line.includes('"connect_failed"'))).not.toEqual([]);
  expect(lines.filter((line) => line.includes('"unauthorized"')).length).toBeGreaterThanOrEqual(4);
  expect(leaksIn(lines)).toEqual([]);
});

test('no ERROR does', () => {
  expect(errors.length).toBeGreaterThan(spoiled.length);
  expect(leaksIn(errors.map((frame) => JSON.stringify(frame)))).toEqual([]);
});

test('no refused handshake does', () => {
  expect(leaksIn(refusals)).toEqual([]);
});

test('nothing in the synthesized app is a secret, or would log a query string, a path or a body', async () => {
  const folder = await assemblyFor();
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const texts = files.map((name) => readFileSync(path.join(folder, name), 'utf8'));
  expect(leaksIn(texts)).toEqual([]);
  for (const text of texts) {
    expect(text).not.toMatch(/-----BEGIN|eyJhbGci|AKIA[0-9A-Z]{16}/);
    expect(text).not.toMatch(
      /"DataTraceEnabled":\s*true|"LoggingLevel":\s*"INFO"|"SampledRequestsEnabled":\s*true/i,
    );
  }
  // The access logs' own lines, of the WebSocket API and the HTTP API: variables that hold what a client sent must not be in them.
  const formats = texts.flatMap((text) =>
    [...text.matchAll(/"Format":\s*("(?:[^"\\]|\\.)*")/g)].map((match) => match[1]!),
  );
  expect(formats).toHaveLength(2);
  for (const format of formats) {
    expect(format).toContain('$context.status');
    expect(format).not.toMatch(
      /\$context\.(path|requestOverride)|authorizer\.(?!status|error|latency)|\$input|query|\$request/i,
    );
  }
});
