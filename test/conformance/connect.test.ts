/**
 * Conformance: the handshake in both URL forms, on both bases (docs/protocol.md, Connect).
 * Tokens that must be refused are in tokens.test.ts, the limit of connections in settings.test.ts.
 */
import { bases, fresh } from '../helpers/bus';
import { handshake, statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

describe.each(bases)('on the base of the %s', (base) => {
  test('CON-1 a connection opens with the token in the query and hears nothing until there is something to say', async () => {
    const client = await bus.connect({ tenant, agent: 'a' }, { base });

    const ack = await client.request({ to: 'a', content: 'to myself' });
    await client.nextMessage({ content: 'to myself' });

    expect(ack.type).toBe('ACK');
    expect(client.received).toHaveLength(2);
  });

  test('CON-2 without a token, or with an empty one, the answer is 401', async () => {
    expect(await statusOf(bus.url({}, base))).toBe(401);
    expect(await statusOf(bus.url({ token: '' }, base))).toBe(401);
    expect(await statusOf(bus.url({ channel_id: 'news' }, base))).toBe(401);
    expect(await statusOf(`${bus.url({}, base)}?token`)).toBe(401);
  });

  test('CON-4 a token given twice is 401, even the same valid one', async () => {
    const token = await bus.token({ tenant, agent: 'a' });

    expect(await statusOf(bus.url({ token: [token, token] }, base))).toBe(401);
    expect(await statusOf(bus.url({ token: [token, ''] }, base))).toBe(401);
    expect(await statusOf(bus.url({ token: ['', token] }, base))).toBe(401);
  });

  test.each(['channel_id', 'tenant_id', 'agent_id', 'echo', 'protocol'])(
    'CON-4 %s given twice is 403',
    async (name) => {
      const token = await bus.token({ tenant, agent: 'a' });
      const value = {
        channel_id: 'news',
        tenant_id: tenant,
        agent_id: 'a',
        echo: 'true',
        protocol: 'artcafe.v1',
      }[name]!;

      expect(await statusOf(bus.url({ token, [name]: [value, value] }, base))).toBe(403);
      expect(await statusOf(bus.url({ token, [name]: value }, base))).toBe(101);
    },
  );

  test('CON-5 channel_id subscribes the connection to that channel', async () => {
    const listener = await bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' });
    const speaker = await bus.connect({ tenant, agent: 'b' }, { base });

    await speaker.request({ id: 'm1', channel_id: 'news', content: 1 });

    expect(await listener.nextMessage()).toMatchObject({ id: 'm1', channel_id: 'news' });
  });

  test('CON-5 an empty channel_id counts as none', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const client = await bus.open(bus.url({ token, channel_id: '' }, base));

    expect(await client.request({ content: 1 })).toMatchObject({ type: 'ERROR', code: 'invalid_message' });
  });

  test.each([
    ['a space', 'two words'],
    ['a slash', 'a/b'],
    ['a star', 'team.*'],
    ['letters beyond ASCII', 'größe'],
    ['a line feed', 'news\n'],
    ['a NUL', 'news\0'],
    ['129 characters', 'c'.repeat(129)],
    ['a reserved name', '$presence'],
    ['the other reserved name', '$inbox'],
  ])('CON-6 a channel_id with %s is 403', async (_, channel_id) => {
    const token = await bus.token({ tenant, agent: 'a' });

    expect(await statusOf(bus.url({ token, channel_id }, base))).toBe(403);
  });

  test('CON-6 a channel_id of 128 characters with every kind of character is admitted', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const channel_id = `AZaz09._:-${'c'.repeat(118)}`;

    expect(await statusOf(bus.url({ token, channel_id }, base))).toBe(101);
  });

  test('CON-6 a channel that the token does not grant is 403', async () => {
    const token = await bus.token({ tenant, agent: 'a', channels: ['news', 'team.*'] });

    expect(await statusOf(bus.url({ token, channel_id: 'news' }, base))).toBe(101);
    expect(await statusOf(bus.url({ token, channel_id: 'team.red' }, base))).toBe(101);
    expect(await statusOf(bus.url({ token, channel_id: 'news2' }, base))).toBe(403);
    expect(await statusOf(bus.url({ token, channel_id: 'team' }, base))).toBe(403);
    expect(await statusOf(bus.url({ token, channel_id: 'News' }, base))).toBe(403);
  });

  test('CON-13 tenant_id and agent_id in the query must be those of the token', async () => {
    const token = await bus.token({ tenant, agent: 'a' });

    expect(await statusOf(bus.url({ token, tenant_id: tenant, agent_id: 'a' }, base))).toBe(101);
    expect(await statusOf(bus.url({ token, tenant_id: fresh('other') }, base))).toBe(403);
    expect(await statusOf(bus.url({ token, agent_id: 'b' }, base))).toBe(403);
    expect(await statusOf(bus.url({ token, tenant_id: '' }, base))).toBe(403);
    expect(await statusOf(bus.url({ token, agent_id: '' }, base))).toBe(403);
    expect(await statusOf(bus.url({ token, tenant_id: `${tenant} ` }, base))).toBe(403);
  });

  test.each(['False', 'FALSE', '0', 'no', 'true', ''])(
    'CON-14 echo has an effect only as exactly false: %j',
    async (echo) => {
      const token = await bus.token({ tenant, agent: 'a' });
      const client = await bus.open(bus.url({ token, channel_id: 'news', echo }, base));
      await client.request({ id: 'm1', content: 1 });
      await client.nextMessage({ id: 'm1' });
      const silent = await bus.open(bus.url({ token, channel_id: 'news', echo: 'false' }, base));
      await silent.request({ id: 'm2', content: 1 });
      await silent.request({ id: 'm3', content: 1, echo: true });
      await silent.nextMessage({ id: 'm3' });
      expect(silent.messageIds).toEqual(['m3']);
    },
  );

  test('CON-8 every path that is not listed is 403, with a valid token too', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const paths = {
      api: ['', '/', '/w', '/wss', '/WS', '/ws/x', '/ws/@connections', '/ws/tenant', '/prod'],
      edge: [
        '',
        '/',
        '/w',
        '/wss',
        '/WS',
        '/ws/x',
        '/ws/tenant',
        `/ws/tenant/${tenant}/agent/a`,
        '/v1/ws',
        '/prod',
      ],
    }[base];

    for (const path of paths) {
      expect([path, await statusOf(`${bus.baseUrls[base]}${path}?token=${token}`)]).toEqual([path, 403]);
    }
  });

  test('CON-9 an agent has several connections at once, and each is served', async () => {
    const [first, second, third] = await Promise.all([
      bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' }),
      bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' }),
      bus.connect({ tenant, agent: 'a' }, { base, channel: 'other' }),
    ]);

    await second.request({ id: 'm1', content: 1 });
    await third.request({ id: 'm2', content: 2 });

    expect(await first.nextMessage()).toMatchObject({ id: 'm1' });
    expect(await second.nextMessage()).toMatchObject({ id: 'm1' });
    expect(await third.nextMessage()).toMatchObject({ id: 'm2' });
  });

  test('CON-10 a refusal is an HTTP status, without an upgrade', async () => {
    const token = await bus.token({ tenant, agent: 'a' });

    for (const [url, status] of [
      [bus.url({}, base), 401],
      [bus.url({ token: 'x' }, base), 401],
      [bus.url({ token, channel_id: 'a b' }, base), 403],
    ] as const) {
      const answer = await handshake(url);
      expect(answer.status).toBe(status);
      expect(answer.headers['sec-websocket-accept']).toBeUndefined();
      expect(answer.body).not.toContain(token);
    }
  });

  test('CON-11 a list of sub-protocols is answered with artcafe.v1 when it holds it, and never with another', async () => {
    const url = bus.url({ token: await bus.token({ tenant, agent: 'a' }) }, base);

    for (const [offered, chosen] of [
      ['artcafe.v1', 'artcafe.v1'],
      ['other, artcafe.v1', 'artcafe.v1'],
      ['chat', undefined],
      ['artcafe.v2, ARTCAFE.V1', undefined],
    ] as const) {
      const answer = await handshake(url, { 'Sec-WebSocket-Protocol': offered });
      expect(answer.status).toBe(101);
      expect(answer.headers['sec-websocket-protocol']).toBe(chosen);
    }
  });

  test('CON-12 protocol=artcafe.v1 in the query asks for level 1, and the 101 names nothing that was not offered', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const url = bus.url({ token, protocol: 'artcafe.v1' }, base);

    expect((await handshake(url)).headers['sec-websocket-protocol']).toBeUndefined();
    const client = await bus.open(url);
    client.send({ type: 'hello' });
    expect(await client.next({ type: 'WELCOME' })).toMatchObject({ agent_id: 'a' });
    for (const protocol of ['artcafe.v2', '', '1']) {
      expect(await statusOf(bus.url({ token, protocol }, base))).toBe(403);
    }
  });
});

describe('the path form', () => {
  test('CON-7 opens a connection on the channel of the path', async () => {
    const listener = await bus.connect({ tenant, agent: 'a' }, { pathForm: true, channel: 'news' });
    const speaker = await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });

    await speaker.request({ id: 'm1', content: 1 });
    expect(await listener.nextMessage()).toMatchObject({ id: 'm1', channel_id: 'news', tenant_id: tenant });

    await listener.request({ id: 'm2', content: 2 });
    expect(await speaker.nextMessage({ id: 'm2' })).toMatchObject({ agent_id: 'a', channel_id: 'news' });
  });

  test('CON-7 tenant and agent must be those of the token, else 403', async () => {
    const token = await bus.token({ tenant, agent: 'a' });

    expect(await statusOf(bus.pathUrl(token, tenant, 'a', 'news'))).toBe(101);
    expect(await statusOf(bus.pathUrl(token, fresh('other'), 'a', 'news'))).toBe(403);
    expect(await statusOf(bus.pathUrl(token, tenant, 'b', 'news'))).toBe(403);
    expect(await statusOf(bus.pathUrl(token, tenant.toUpperCase(), 'a', 'news'))).toBe(403);
    expect(await statusOf(bus.pathUrl('', tenant, 'a', 'news'))).toBe(401);
  });

  test('CON-7 the channel is checked as channel_id is', async () => {
    const token = await bus.token({ tenant, agent: 'a', channels: ['news'] });

    expect(await statusOf(bus.pathUrl(token, tenant, 'a', 'news'))).toBe(101);
    expect(await statusOf(bus.pathUrl(token, tenant, 'a', 'other'))).toBe(403);
    expect(await statusOf(bus.pathUrl(token, tenant, 'a', 'a b'))).toBe(403);
    expect(await statusOf(bus.pathUrl(token, tenant, 'a', '$presence'))).toBe(403);
  });

  test('CON-7 values of the path replace those of the query', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const query = `&tenant_id=evil&agent_id=evil&channel_id=other&channel_id=third&%63hannel_id=fourth`;
    const client = await bus.open(`${bus.pathUrl(token, tenant, 'a', 'news')}${query}`);

    await client.request({ id: 'm1', content: 1 });

    expect(await client.nextMessage()).toMatchObject({
      channel_id: 'news',
      agent_id: 'a',
      tenant_id: tenant,
    });
  });

  test('CON-7 values of the query do not help a path of somebody else', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const query = `&tenant_id=${tenant}&agent_id=a`;

    expect(await statusOf(`${bus.pathUrl(token, 'evil', 'a', 'news')}${query}`)).toBe(403);
    expect(await statusOf(`${bus.pathUrl(token, tenant, 'evil', 'news')}${query}`)).toBe(403);
  });

  test.each([
    'team/a',
    'auth0|7f3',
    'a@b.example',
    'a+b c',
    'a&b=c;d',
    '100%',
    '%2F',
    'größe 🎉',
    `"'<>\\`,
    '#?',
  ])('CON-7 ids may hold what a path must encode: %s', async (agent) => {
    const who = { tenant: `${tenant}/${agent}`, agent };
    const client = await bus.connect(who, { pathForm: true, channel: 'news' });

    await client.request({ id: 'm1', content: 1 });

    expect(await client.nextMessage()).toMatchObject({ tenant_id: who.tenant, agent_id: agent });
  });

  test('CON-7 echo=false works beside the path', async () => {
    const silent = await bus.connect(
      { tenant, agent: 'a' },
      { pathForm: true, channel: 'news', echo: false },
    );

    await silent.request({ id: 'own', content: 1 });
    await silent.request({ id: 'loud', content: 2, echo: true });
    await silent.nextMessage({ id: 'loud' });

    expect(silent.messageIds).toEqual(['loud']);
  });

  test('CON-8 the path form is 403 on the API itself', async () => {
    const token = await bus.token({ tenant, agent: 'a' });
    const path = `/ws/tenant/${tenant}/agent/a/channel/news?token=${token}`;

    expect(await statusOf(`${bus.baseUrls.edge}${path}`)).toBe(101);
    expect(await statusOf(`${bus.baseUrls.api}${path}`)).toBe(403);
  });

  test('CON-8 a path that lacks a part or has one too many is 403', async () => {
    const token = await bus.token({ tenant, agent: 'a' });

    for (const path of [
      `/ws/tenant/${tenant}/agent/a/channel`,
      `/ws/tenant/${tenant}/agent/a/channel/news/more`,
      `/ws/tenant//agent/a/channel/news`,
      `/ws/tenant/${tenant}/agent//channel/news`,
      `/ws/agent/a/tenant/${tenant}/channel/news`,
      `//ws/tenant/${tenant}/agent/a/channel/news`,
    ]) {
      expect([path, await statusOf(`${bus.baseUrls.edge}${path}?token=${token}`)]).toEqual([path, 403]);
    }
  });
});

needs('signing key')('CON-1 a token that fills the longest URL is admitted', async () => {
  const claims = { tenant_id: tenant, agent_id: 'a' };
  const room = 4_090 - bus.url({ token: bus.signedToken({ ...claims, padding: '' }) }).length;
  const token = bus.signedToken({ ...claims, padding: 'p'.repeat(Math.floor((room * 3) / 4)) });
  const url = bus.url({ token });

  expect(url.length).toBeGreaterThan(4_000);
  expect(await statusOf(url)).toBe(101);
});
