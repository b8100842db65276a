/** The audit log: which lines are marked, what they hold, and that a flood does not fill it. */
import { gzipSync } from 'node:zlib';
import { auditRoute } from '../../lambda/events/audit';
import { connectRoute } from '../../lambda/events/web-socket/connect';
import { defaultRoute } from '../../lambda/events/web-socket/default';
import type { WebSocketEvent } from '../../lambda/events/web-socket/web-socket-event';
import { AuditMarks } from '../../lambda/audit/audit-marks';
import { createWorld, FakeClock } from './world';

const context = {
  tenant: 't',
  agent: 'a',
  grants: '{"news":["subscribe","history"],"$presence":["presence"]}',
  agents: encodeURIComponent('["b"]'),
  exp: '1890000000',
  jti: 'token-1',
  level: '1',
  echo: 'true',
};

let world: ReturnType<typeof createWorld>;
let route: ReturnType<typeof defaultRoute>;
beforeEach(() => {
  world = createWorld();
  route = defaultRoute(world.deps);
});

const event = (body?: unknown): WebSocketEvent => ({
  multiValueHeaders: { 'Artcafe-Viewer-Address': ['203.0.113.7'] },
  requestContext: {
    connectionId: 'conn=',
    requestId: 'request=',
    requestTimeEpoch: world.clock.time,
    connectedAt: world.clock.time,
    authorizer: context,
    identity: { sourceIp: '130.176.0.1' },
  },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
const audited = () =>
  world.log.lines
    .filter(({ fields }) => fields.audit === true)
    .map((line) => [line.event, line.fields] as const);
const who = { connection_id: 'conn=', request_id: 'request=', tenant_id: 't', agent_id: 'a', jti: 'token-1' };

test('a connect names the token, and the address of the viewer as the edge says it', async () => {
  await connectRoute(world.deps)(event());
  expect(audited()).toEqual([
    [
      'connected',
      expect.objectContaining({ ...who, source_ip: '130.176.0.1', viewer_address: '203.0.113.7' }),
    ],
  ]);
});

test('a header that is no address is not written down', async () => {
  const forged = { ...event(), multiValueHeaders: { 'Artcafe-Viewer-Address': ['eyJhbGciOiJ.token.x'] } };
  await connectRoute(world.deps)(forged);
  expect(JSON.stringify(world.log.lines)).not.toContain('eyJ');
});

test('a refused connect has its reason', async () => {
  await world.deps.revocations.put({ tenantId: 't' }, { issuedUpTo: Infinity, expiresAt: undefined });
  await connectRoute(world.deps)(event());
  expect(audited()).toEqual([['refused', expect.objectContaining({ ...who, reason: 'revoked' })]]);
});

test('reads of history and presence, and missing grants, say what was asked for, and never what it holds', async () => {
  await connectRoute(world.deps)(event());
  world.log.lines.length = 0;
  await route(
    event([
      { type: 'history', id: 'h', channel_id: 'news' },
      { type: 'presence', id: 'p', query: {} },
      { type: 'history', id: 'h2', channel_id: 'other' },
      { type: 'subscribe', id: 's', channel_id: 'other' },
      { id: 'm1', channel_id: 'news', content: 'private words' },
      { id: 'm2', to: 'c', content: 'private words' },
      { id: 'm3', metadata: { to: 'c' }, content: 'private words' },
      { id: 'm4', to: 'b', content: 'private words' },
      { type: 'ping', id: 'p2' },
    ]),
  );
  expect(audited()).toEqual(
    [
      ['history_read', { channel_id: 'news' }],
      ['presence_read', {}],
      ['grant_denied', { operation: 'history', channel_id: 'other' }],
      ['grant_denied', { operation: 'subscribe', channel_id: 'other' }],
      ['grant_denied', { operation: 'publish', channel_id: 'news' }],
      ['grant_denied', { operation: 'publish', to: 'c' }],
      ['grant_denied', { operation: 'publish', to: 'c' }],
    ].map(([name, fields]) => [name, { ...who, ...(fields as object), audit: true }]),
  );
  expect(JSON.stringify(world.log.lines)).not.toContain('private words');
});

test('under attack twenty of a kind are marked in a second, and the next one says how many were not', () => {
  const clock = new FakeClock();
  const marks = new AuditMarks(clock);
  const flood = Array.from({ length: 1_000 }, () => marks.for('unauthorized'));
  expect(flood.filter(({ audit }) => audit)).toHaveLength(20);
  expect(marks.for('connected')).toEqual({ audit: true });
  clock.time += 1_000;
  expect(marks.for('unauthorized')).toEqual({ audit: true, skipped: 980 });
  expect(marks.for('unauthorized')).toEqual({ audit: true });
});

test('the audit function writes the lines that it gets, and nothing for a trial of CloudWatch', async () => {
  const written: string[] = [];
  const audit = auditRoute((line) => written.push(line));
  const send = (data: object) =>
    audit({ awslogs: { data: gzipSync(JSON.stringify(data)).toString('base64') } });
  await send({ messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'trial' }] });
  await send({ messageType: 'DATA_MESSAGE', logEvents: [{ message: '{"a":1}\n' }, { message: '{"b":2}' }] });
  expect(written).toEqual(['{"a":1}', '{"b":2}']);
});
