/** HTTP-1 to HTTP-5, and HTTP-12: who may ask, how requests are refused, and what becomes of messages. */
import { fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';
import { callsOf, callsWith } from './http-client';

const bus = useBus();
const tenant = fresh('http');

test('HTTP-4 publishes to a channel and answers with the ACK', async () => {
  const channel = fresh('orders');
  const bob = await bus.connect({ tenant, agent: 'bob' }, { channel, level: 1 });
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const body = { id: 'm1', content: { order: 17 }, metadata: { source: 'cron' } };
  const answer = await call('POST', `/channels/${channel}/messages`, { body });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ type: 'ACK', message_id: 'm1', status: 'accepted', sequence: 1 });
  const received = await bob.next();
  expect(received).toMatchObject({
    ...body,
    type: 'message',
    agent_id: 'alice',
    tenant_id: tenant,
    channel_id: channel,
    sequence: 1,
    epoch: answer.body.epoch,
    timestamp: answer.body.timestamp,
  });
});

test('HTTP-4 gives an id to a message without one, and names it in the ACK', async () => {
  const channel = fresh('c');
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const answer = await call('POST', `/channels/${channel}/messages`, { body: { content: 1 } });
  const page = await call('GET', `/channels/${channel}/messages`);
  expect(answer.body.message_id).toEqual(expect.any(String));
  expect(page.body.messages).toEqual([expect.objectContaining({ id: answer.body.message_id, content: 1 })]);
});

test('HTTP-4 answers an array with one ACK or ERROR for each message, in order', async () => {
  const channel = fresh('c');
  const bob = await bus.connect({ tenant, agent: 'bob' }, { channel, level: 1 });
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const body = [
    { id: 'a', content: 1 },
    { id: 'b' },
    { id: 'c', type: 'hello', content: 1 },
    { id: 'd', content: 2 },
  ];
  const answer = await call('POST', `/channels/${channel}/messages`, { body });
  expect(answer.status).toBe(200);
  expect(answer.list).toMatchObject([
    { type: 'ACK', message_id: 'a', sequence: 1 },
    { type: 'ERROR', message_id: 'b', code: 'invalid_message' },
    { type: 'ERROR', message_id: 'c', code: 'unknown_type' },
    { type: 'ACK', message_id: 'd', sequence: 2 },
  ]);
  expect(await bob.next()).toMatchObject({ id: 'a' });
  expect(await bob.next()).toMatchObject({ id: 'd' });
});

test('HTTP-4 compares ids when the message says retry, and only then', async () => {
  const channel = fresh('c');
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const send = (more: object) =>
    call('POST', `/channels/${channel}/messages`, { body: { id: 'm', content: 1, ...more } });
  const first = await send({});
  expect((await send({ retry: true })).body).toMatchObject({
    status: 'duplicate',
    sequence: 1,
    timestamp: first.body.timestamp,
  });
  expect((await send({})).body).toMatchObject({ status: 'accepted', sequence: 2 });
});

test('HTTP-4 publishes to an agent: accepted with a connection, stored without one', async () => {
  const bob = await bus.connect({ tenant, agent: 'bob-direct' }, { level: 1 });
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const live = await call('POST', '/agents/bob-direct/messages', { body: { content: 'now' } });
  expect(live.body).toMatchObject({ status: 'accepted', sequence: 1 });
  expect(await bob.next()).toMatchObject({ content: 'now', to: 'bob-direct', agent_id: 'alice' });
  const away = await call('POST', '/agents/nobody-yet/messages', { body: { content: 'later' } });
  expect(away.body).toMatchObject({ status: 'stored' });
  const alone = { content: 1, expects_reply: true, timeout_ms: 1_000 };
  const refused = await call('POST', '/agents/nobody-yet/messages', { body: alone });
  expect(refused).toMatchObject({ status: 409, body: { code: 'no_responders' } });
});

test('HTTP-5 an agent id of any characters can be written in a path', async () => {
  for (const agent of ['auth0|7f', 'a b', 'ä€😀', 'user@example.com', 'x+y&z=1']) {
    const bob = await bus.connect({ tenant, agent }, { level: 1 });
    const call = await callsOf(bus, { tenant, agent: 'alice' });
    const answer = await call('POST', `/agents/${encodeURIComponent(agent)}/messages`, {
      body: { content: agent },
    });
    expect(answer.body).toMatchObject({ status: 'accepted' });
    expect(await bob.next()).toMatchObject({ content: agent });
  }
  for (const agent of ['team/a', 'what?', '100%', 'a#b', '~x', '..', 'a%2Fb']) {
    const bob = await bus.connect({ tenant, agent }, { level: 1 });
    const call = await callsOf(bus, { tenant, agent: 'alice' });
    const segment = `~${Buffer.from(agent).toString('base64url')}`;
    const answer = await call('POST', `/agents/${segment}/messages`, { body: { content: agent } });
    expect(answer.body).toMatchObject({ status: 'accepted' });
    expect(await bob.next()).toMatchObject({ content: agent });
  }
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  expect((await call('GET', '/agents/100%25')).status).toBe(404);
});

test('HTTP-1 refuses a request without a good token', async () => {
  for (const token of [undefined, 'x', 'a.b.c']) {
    const answer = await callsWith(bus, token)('GET', '/me');
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized', status: 401 } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
  const basic = await callsWith(bus, undefined)('GET', '/me', { headers: { authorization: 'Basic eDp5' } });
  expect(basic.status).toBe(401);
});

needs('signing key')('HTTP-1 refuses a token that has expired', async () => {
  const token = bus.signedToken({ tenant_id: tenant, agent_id: 'a', exp: bus.seconds() - 1 });
  expect((await callsWith(bus, token)('GET', '/me')).status).toBe(401);
});

needs('clock')('HTTP-1 refuses a revoked token within ten seconds', async () => {
  const agent = fresh('revoked');
  const call = await callsOf(bus, { tenant, agent });
  expect((await call('GET', '/me')).status).toBe(200);
  await bus.order({ action: 'block', tenant_id: tenant, agent_id: agent });
  await bus.inside.gateway.clock.advance(10_000);
  // A new environment of the function asks at once; one that has asked before does so after ten seconds of its own time.
  const other = callsWith(bus, bus.signedToken({ tenant_id: tenant, agent_id: agent, jti: 'other' }));
  expect(await other('GET', '/me')).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
});

test('HTTP-2 refuses with problem details: the code, the status and the id of the message', async () => {
  const call = await callsOf(bus, { tenant, agent: 'alice', channels: ['mine*'] });
  const answer = await call('POST', '/channels/yours/messages', { body: { id: 'm1', content: 1 } });
  expect(answer.status).toBe(403);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toEqual({
    type: 'urn:artcafe:pubsub:problem:forbidden',
    title: 'Not allowed',
    status: 403,
    code: 'forbidden',
    detail: 'The token does not allow publishing to this channel',
    message_id: 'm1',
  });
});

test('HTTP-2 each mistake has its status and code', async () => {
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  const path = '/channels/c/messages';
  const many = Array.from({ length: 26 }, () => ({ content: 1 }));
  const cases: readonly [string, string, unknown, number, string][] = [
    ['POST', path, '{', 400, 'invalid_message'],
    ['POST', path, '[]', 400, 'invalid_message'],
    ['POST', path, {}, 400, 'invalid_message'],
    ['POST', path, { content: 1, channel_id: 'c' }, 400, 'invalid_message'],
    ['POST', path, { content: 1, to: 'bob' }, 400, 'invalid_message'],
    ['POST', path, { content: 1, type: 'ping' }, 400, 'unknown_type'],
    ['POST', path, many, 400, 'limit_exceeded'],
    ['POST', path, { content: 'x'.repeat(131_072) }, 413, 'payload_too_large'],
    ['POST', '/channels/$presence/messages', { content: 1 }, 403, 'forbidden'],
    ['POST', '/channels/a%20b/messages', { content: 1 }, 400, 'invalid_message'],
    ['GET', '/nothing', undefined, 404, 'not_found'],
    ['GET', '/agents/never-here', undefined, 404, 'not_found'],
    ['PUT', path, { content: 1 }, 405, 'method_not_allowed'],
    ['GET', '/channels?limits=3', undefined, 400, 'invalid_message'],
    ['GET', `${path}?limit=0`, undefined, 400, 'invalid_message'],
    ['GET', `${path}?after=x&before=y`, undefined, 400, 'invalid_message'],
    ['GET', `${path}?after=x`, undefined, 400, 'invalid_message'],
  ];
  for (const [method, where, body, status, code] of cases) {
    const answer = await call(method, where, body === undefined ? {} : { body });
    expect([where, answer.status, answer.body.code]).toEqual([where, status, code]);
  }
});

test('HTTP-12 refuses parameters that are not listed, and those that come twice', async () => {
  const call = await callsOf(bus, { tenant, agent: 'alice' });
  for (const path of [
    '/channels?limits=3',
    '/channels?limit=3&limit=3',
    '/channels/c/messages?tenant_id=x',
    '/channels/c/messages?after=x',
    '/agents?agent_id=bob',
    '/agents?after=IjEiLA',
  ])
    expect([path, (await call('GET', path)).body.code]).toEqual([path, 'invalid_message']);
});
