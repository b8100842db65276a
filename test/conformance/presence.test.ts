/**
 * Conformance: who is there, as agents say, ask and hear it (docs/protocol.md, Presence).
 */
import { Bus, fresh, type Asking, type Who } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { type Frame, isMessage, type TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const connect = (agent: string, asking: Asking = {}, on = bus) =>
  on.connect({ tenant, agent }, { level: 1, ...asking });

async function watching(agent = 'watcher', on = bus): Promise<TestClient> {
  const watcher = await connect(agent, {}, on);
  await watcher.request({ type: 'subscribe', channel_id: '$presence' });
  return watcher;
}

const say = (client: TestClient, frame: Frame) => client.request({ type: 'presence', ...frame });
const ask = async (client: TestClient, query: Frame): Promise<Frame[]> =>
  (await say(client, { query })).agents as Frame[];
const contentOf = ({ content }: Frame): Frame => content as Frame;
/** The next event about the agent. */
const event = (watcher: TestClient, agent_id: string) => watcher.nextMessage({ type: 'presence', agent_id });
const news = (watcher: TestClient): string[] =>
  watcher.received
    .filter((frame) => isMessage(frame) && frame.channel_id === '$presence')
    .map((frame) => `${String(frame.agent_id)} ${String(contentOf(frame).reason)}`);

test('PRE-1 an agent says how it is and what it can, one of the two or both, and needs no grant', async () => {
  const agent = await bus.connect({ tenant, agent: 'a', channels: [] }, { level: 1 });
  const first = await say(agent, { id: 'p1', status: 'busy', capabilities: ['b', 'a', 'b'] });
  expect(first).toEqual({
    type: 'PRESENCE',
    message_id: 'p1',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    agent_id: 'a',
    status: 'busy',
    capabilities: ['b', 'a'],
    version: expect.any(Number) as unknown,
  });
  expect(await say(agent, { status: 'idle' })).toMatchObject({ status: 'idle', capabilities: ['b', 'a'] });
  expect(await say(agent, { capabilities: [] })).toMatchObject({ status: 'idle', capabilities: [] });
});

test('PRE-1 what is said again changes nothing', async () => {
  const agent = await connect('a');
  const { version } = await say(agent, { status: 'busy' });
  expect(await say(agent, { status: 'busy' })).toMatchObject({ status: 'busy', version });
  expect(await say(agent, {})).toMatchObject({ status: 'busy', version });
  const changed = await say(agent, { status: 'idle' });
  expect(changed.version).toBeGreaterThan(version as number);
});

test.each([
  { status: 'offline' },
  { status: 'x'.repeat(65) },
  { capabilities: Array.from({ length: 51 }, (_, n) => `c${n}`) },
  { capabilities: ['x'.repeat(65)] },
  { status: 'busy', query: {} },
])('PRE-1 refuses %j', async (fields) => {
  const agent = await connect('a');
  expect(await say(agent, { id: 'p1', ...fields })).toMatchObject({
    code: 'invalid_message',
    message_id: 'p1',
  });
  expect(await say(agent, {})).toMatchObject({ status: 'online', capabilities: [] });
});

test('PRE-2 hello says it, too', async () => {
  const agent = await connect('a');
  expect(await agent.request({ type: 'hello', status: 'busy', capabilities: ['translate'] })).toMatchObject({
    type: 'WELCOME',
  });
  expect(await say(agent, {})).toMatchObject({ status: 'busy', capabilities: ['translate'] });
  await agent.request({ type: 'hello' });
  expect(await say(agent, {})).toMatchObject({ status: 'busy', capabilities: ['translate'] });
});

test('PRE-3 the status ends with the last connection, the capabilities stay', async () => {
  const watcher = await watching();
  const [first, second] = [await connect('a'), await connect('a')];
  await say(first, { status: 'busy', capabilities: ['x'] });
  await first.close();
  expect(await ask(watcher, { agent_id: 'a' })).toMatchObject([{ status: 'busy', capabilities: ['x'] }]);

  await second.close();
  await watcher.next(
    (frame) => frame.agent_id === 'a' && isMessage(frame) && contentOf(frame).status === 'offline',
  );
  expect(await ask(watcher, { agent_id: 'a' })).toMatchObject([{ status: 'offline', capabilities: ['x'] }]);

  await connect('a');
  expect(await ask(watcher, { agent_id: 'a' })).toMatchObject([{ status: 'online', capabilities: ['x'] }]);
});

describe('PRE-4 a query', () => {
  const ids = (agents: readonly Frame[]) => agents.map(({ agent_id }) => agent_id);

  test('PRE-4 finds agents by id, status and capability, those that are away included', async () => {
    const asker = await connect('asker');
    const [a, b, c] = [await connect('a'), await connect('b'), await connect('c')];
    await say(a, { status: 'busy', capabilities: ['x'] });
    await say(b, { capabilities: ['x', 'y'] });
    await c.close();
    await eventually(
      () => ask(asker, { status: 'offline' }),
      (agents) => agents.length === 1,
    );

    expect(ids(await ask(asker, {}))).toEqual(['a', 'asker', 'b', 'c']);
    expect(ids(await ask(asker, { capability: 'x' }))).toEqual(['a', 'b']);
    expect(ids(await ask(asker, { capability: 'x', status: 'online' }))).toEqual(['b']);
    expect(ids(await ask(asker, { status: 'busy' }))).toEqual(['a']);
    expect(ids(await ask(asker, { agent_id: 'a', status: 'online' }))).toEqual([]);
    expect(ids(await ask(asker, { agent_id: 'nobody' }))).toEqual([]);
    expect(await ask(asker, { agent_id: 'a' })).toEqual([
      {
        agent_id: 'a',
        status: 'busy',
        capabilities: ['x'],
        version: expect.any(Number) as unknown,
        changed_at: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      },
    ]);
  });

  test('PRE-10 online tells agents that are there from those that are offline', async () => {
    const asker = await connect('asker');
    const [busy, away] = [await connect('busy'), await connect('away')];
    await say(busy, { status: 'busy', capabilities: ['x'] });
    await say(away, { capabilities: ['x'] });
    await away.close();
    await eventually(
      () => ask(asker, { status: 'offline' }),
      (agents) => agents.length === 1,
    );

    expect(ids(await ask(asker, { online: true }))).toEqual(['asker', 'busy']);
    expect(ids(await ask(asker, { online: false }))).toEqual(['away']);
    expect(ids(await ask(asker, { online: true, capability: 'x' }))).toEqual(['busy']);
    expect(ids(await ask(asker, { online: true, agent_id: 'away' }))).toEqual([]);
    expect(ids(await ask(asker, { online: null, capability: 'x' }))).toEqual(['away', 'busy']);
    const answer = await asker.request({ type: 'presence', id: 'p', query: { online: 'yes' } });
    expect(answer).toMatchObject({ code: 'invalid_message', message_id: 'p' });
  });

  test('PRE-4 with a member that is not listed is refused', async () => {
    const asker = await connect('asker');
    for (const query of [{ capabilities: 'x' }, { agentId: 'a' }, { agent_id: 'a', staus: 'busy' }]) {
      const answer = await asker.request({ type: 'presence', query });
      expect(answer).toMatchObject({ type: 'ERROR', code: 'invalid_message' });
    }
    expect(ids(await ask(asker, { agent_id: null, more: null }))).toEqual(['asker']);
  });

  test('PRE-4 knows nobody of another tenant', async () => {
    await bus.connect({ tenant: fresh('tenant'), agent: 'stranger' });
    expect(ids(await ask(await connect('asker'), {}))).toEqual(['asker']);
  });

  test('PRE-4 PRE-6 needs the presence grant on $presence, and so does the subscription', async () => {
    const client = await bus.connect({ tenant, agent: 'a', channels: ['*', '$inbox'] }, { level: 1 });
    for (const frame of [
      { type: 'presence', query: {} },
      { type: 'presence', query: { agent_id: 'a' } },
      { type: 'subscribe', channel_id: '$presence' },
    ])
      expect(await client.request(frame)).toMatchObject({ type: 'ERROR', code: 'forbidden' });
    expect(await client.request({ type: 'hello', resume: [{ channel_id: '$presence' }] })).toMatchObject({
      channels: expect.arrayContaining([
        { channel_id: '$presence', recovered: false, reason: 'forbidden' },
      ]) as unknown,
    });
    const granted = await bus.connect({ tenant, agent: 'b', channels: ['$presence'] }, { level: 1 });
    expect(await granted.request({ type: 'subscribe', channel_id: '$presence' })).toMatchObject({
      type: 'SUBSCRIBED',
    });
    expect(ids(await ask(granted, {}))).toEqual(['a', 'b']);
  });

  test('PRE-4 agents that never connected are left out, and take no place in a page', async () => {
    const [asker] = await Promise.all(['x', 'y'].map((agent) => connect(agent)));
    const unknown = ['a1', 'a2', 'a3', 'a4', 'a5'];
    for (const to of unknown)
      expect(await asker!.request({ to, content: 1 })).toMatchObject({ known: false });

    const answer = await say(asker!, { query: { limit: 2 } });
    expect(ids(answer.agents as Frame[])).toEqual(['x', 'y']);
    expect((await say(asker!, { query: { agent_id: 'a1' } })).agents).toEqual([]);
  });

  test('PRE-5 is answered in pages, each agent once', async () => {
    const agents = ['a', 'b', 'c', 'd', 'e'];
    const [asker] = await Promise.all(agents.map((agent) => connect(agent)));
    const found: unknown[] = [];
    let after: unknown;
    do {
      const answer = await say(asker!, { query: { limit: 2, after } });
      const page = answer.agents as Frame[];
      expect(page.length).toBeLessThanOrEqual(2);
      found.push(...ids(page));
      after = answer.next;
    } while (after !== undefined);
    expect(found).toEqual(agents);
  });
});

needs('signing key')('PRE-6 another grant than presence is not enough', async () => {
  const claims = {
    tenant_id: tenant,
    agent_id: 'a',
    channels: { $presence: ['subscribe', 'publish', 'history'] },
  };
  const client = await bus.open(bus.url({ token: bus.signedToken(claims), protocol: 'artcafe.v1' }));
  for (const frame of [
    { type: 'presence', query: {} },
    { type: 'subscribe', channel_id: '$presence' },
  ])
    expect(await client.request(frame)).toMatchObject({ code: 'forbidden' });
});

test('PRE-6 $presence keeps nothing: no position, no history', async () => {
  const client = await connect('a');
  const subscribed = await client.request({ type: 'subscribe', channel_id: '$presence' });
  expect(subscribed).toEqual({
    type: 'SUBSCRIBED',
    message_id: subscribed.message_id,
    timestamp: subscribed.timestamp,
    channel_id: '$presence',
  });
  const since = { epoch: 'e', sequence: 1 };
  expect(await client.request({ type: 'subscribe', channel_id: '$presence', since })).toMatchObject({
    recovered: false,
    reason: 'no_log',
  });
  for (const frame of [
    { type: 'history', channel_id: '$presence' },
    { type: 'ping', channels: [{ channel_id: '$presence' }] },
  ])
    expect(await client.request(frame)).toMatchObject({ code: 'invalid_message' });
});

test('PRE-7 watchers get connects, changes and disconnects', async () => {
  const watcher = await watching();
  const agent = await connect('a');
  const connected = await event(watcher, 'a');
  expect(connected).toEqual({
    type: 'presence',
    id: expect.any(String) as unknown,
    tenant_id: tenant,
    agent_id: 'a',
    channel_id: '$presence',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    content: {
      status: 'online',
      capabilities: [],
      version: expect.any(Number) as unknown,
      reason: 'connected',
    },
    metadata: {},
  });
  const { version } = await say(agent, { status: 'busy', capabilities: ['x'] });
  expect(contentOf(await event(watcher, 'a'))).toEqual({
    status: 'busy',
    capabilities: ['x'],
    version,
    reason: 'changed',
  });
  await agent.close();
  expect(contentOf(await event(watcher, 'a'))).toMatchObject({
    status: 'offline',
    capabilities: ['x'],
    reason: 'disconnected',
  });
});

test('PRE-7 an agent with several connections comes once and goes once', async () => {
  const watcher = await watching();
  const [first, second] = [await connect('a'), await connect('a')];
  await first.close();
  const third = await connect('a');
  await second.close();
  await third.close();
  await watcher.next(
    (frame) => frame.agent_id === 'a' && isMessage(frame) && contentOf(frame).status === 'offline',
  );
  expect(news(watcher).filter((each) => each.startsWith('a '))).toEqual(['a connected', 'a disconnected']);
});

test('PRE-7 at level 0, over the edge and by hello as well', async () => {
  const plain = await connect('plain', { level: 0, base: 'edge' });
  expect(await plain.request({ type: 'subscribe', channel_id: '$presence' })).toMatchObject({ type: 'ACK' });
  const resuming = await connect('resuming');
  await resuming.request({ type: 'hello', resume: [{ channel_id: '$presence' }] });
  await connect('a', { base: 'edge' });
  for (const watcher of [plain, resuming])
    expect(contentOf(await event(watcher, 'a'))).toMatchObject({ reason: 'connected' });
});

test('PRE-7 no event crosses tenants, and none comes without a subscription', async () => {
  const [watcher, other] = [await watching(), await connect('other', { channel: 'news' })];
  const stranger = await bus.connect({ tenant: fresh('tenant'), agent: 'stranger' }, { level: 1 });
  await say(stranger, { status: 'busy' });
  await stranger.close();
  await connect('a');
  await event(watcher, 'a');
  expect(news(watcher).filter((each) => each.startsWith('stranger'))).toEqual([]);
  expect(news(other)).toEqual([]);
});

test('PRE-7 after unsubscribe no event comes', async () => {
  const [watcher, former] = [await watching(), await watching('former')];
  await former.request({ type: 'unsubscribe', channel_id: '$presence' });
  await connect('a');
  await event(watcher, 'a');
  expect(news(former)).not.toContain('a connected');
});

test('PRE-8 versions rise with each change, and across coming and going', async () => {
  const watcher = await watching();
  const versions: number[] = [];
  const note = async (): Promise<void> => {
    versions.push(contentOf(await event(watcher, 'a')).version as number);
  };
  for (let round = 0; round < 3; round++) {
    const agent = await connect('a');
    await note();
    await say(agent, { status: 'busy' });
    await note();
    await agent.close();
    await note();
  }
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(new Set(versions).size).toBe(9);
  const [known] = await ask(watcher, { agent_id: 'a' });
  expect(known).toMatchObject({ status: 'offline', version: versions.at(-1) });
});

describe('PRE-9 with a grace', () => {
  let graceful: Bus | undefined;

  beforeAll(async () => {
    graceful = await Bus.start({ settings: { presenceGraceSeconds: 4 } });
  });
  afterEach(() => graceful?.hangUp());
  afterAll(() => graceful?.stop());

  needs('settings')(
    'PRE-9 an agent that comes back in time causes no events, one that stays away does',
    async () => {
      const on = graceful!;
      const who: Who = { tenant, agent: 'a' };
      const watcher = await watching('watcher', on);
      const agent = await on.connect(who);
      await event(watcher, 'a');

      await agent.close();
      await eventually(
        () => on.inside.tables.presence(tenant, 'a'),
        (presence) => presence?.status === 'offline',
      );
      const back = await on.connect(who);
      await eventually(
        () => on.inside.log.filter(({ text }) => text.includes('came-back') && text.includes(tenant)).length,
        (count) => count === 1,
      );
      expect(await ask(watcher, { agent_id: 'a' })).toMatchObject([{ status: 'online' }]);

      await back.close();
      await eventually(
        () => on.inside.tables.presence(tenant, 'a'),
        (presence) => presence?.status === 'offline',
      );
      expect(await ask(watcher, { agent_id: 'a' })).toMatchObject([{ status: 'online' }]);
      expect(contentOf(await watcher.nextMessage({ agent_id: 'a' }))).toMatchObject({
        status: 'offline',
      });
      expect(await ask(watcher, { agent_id: 'a' })).toMatchObject([{ status: 'offline' }]);
      await on.connect(who);
      expect(contentOf(await event(watcher, 'a'))).toMatchObject({ reason: 'connected' });
      expect(news(watcher).filter((each) => each.startsWith('a '))).toEqual([
        'a connected',
        'a disconnected',
        'a connected',
      ]);
    },
  );
});
