/** `artcafe explain` against a laptop gateway. Under faults: test/explain. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';
import { artcafe, objectsIn } from './command-line';
import { deployedStack, linesOf } from './deployed-stack';
import { type Behaviour, Refusal } from './fake-insights';

const bus = useBus();
let place: string[];
const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-explain-'));

beforeAll(() => {
  place = ['--url', bus.baseUrls.edge];
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const as = (tenant: string, agent: string) => [...place, '--tenant', tenant, '--agent', agent];

/** The line is written after the fan-out. */
async function explained(args: readonly string[]): Promise<Record<string, unknown> | undefined> {
  const { stdout } = await eventually(
    () => artcafe(['explain', ...args, '--json']),
    ({ stdout: said }) => !said.includes('"delivery":"unknown"'),
  );
  return objectsIn(stdout)[0];
}

test('says when a message was accepted, acknowledged, and to how many it was posted', async () => {
  const tenant = fresh('tenant');
  const reader = await bus.connect({ tenant, agent: 'bob' }, { channel: 'lobby' });
  await artcafe(['publish', 'lobby', 'hello', '--id', `"${tenant}`, ...as(tenant, 'alice')]);
  await reader.nextMessage({ content: 'hello' });
  expect(await explained(['lobby', '1', ...as(tenant, 'bob')])).toMatchObject({
    ...{ sequence: 1, id: `"${tenant}`, agent_id: 'alice', channel_id: 'lobby' },
    delivery: {
      is_of_batch: false,
      matched: 1,
      counts: { delivered: 1 },
      ack_ms: expect.any(Number),
    },
  });
  const { stdout: text } = await artcafe(['explain', 'lobby', '1', ...as(tenant, 'bob')]);
  expect(text).toMatch(
    /^#1 of lobby: \S+ \(message\) of alice, accepted at .*\nacknowledged after \d+ ms\ndelivery:\n {2}1 delivered: /,
  );
});

test('of a batch, the counts of those to the same channel; of a message over HTTP as well', async () => {
  const tenant = fresh('tenant');
  await bus.connect({ tenant, agent: 'bob' }, { channel: 'lobby' });
  const alice = await bus.connect({ tenant, agent: 'alice' });
  const batch = ['m1', 'm2', 'm3'].map((id) => ({ id, channel_id: 'lobby', content: id }));
  const last = alice.reply('m4');
  alice.send([...batch, { id: 'm4', channel_id: 'empty', content: 1 }]);
  await last;
  expect(await explained(['lobby', '2', ...as(tenant, 'bob')])).toMatchObject({
    id: 'm2',
    delivery: { is_of_batch: true, messages: 3, matched: 3, counts: { delivered: 3 }, ack_ms: 'unknown' },
  });
  expect(await explained(['empty', '1', ...as(tenant, 'bob')])).toMatchObject({
    delivery: { is_of_batch: false, matched: 0, counts: {} },
  });
  const { stdout: text } = await artcafe(['explain', 'empty', '1', ...as(tenant, 'bob')]);
  expect(text).toMatch(/\ndelivery:\n {2}no copies were due\n$/);
  const response = await fetch(`${bus.baseUrls.edge.replace('ws', 'http')}/channels/lobby/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await bus.token({ tenant, agent: 'cron' })}` },
    body: '{"id":"h1","content":1}',
  });
  expect(response.status).toBe(200);
  expect(await explained(['lobby', '4', ...as(tenant, 'bob')])).toMatchObject({
    id: 'h1',
    delivery: { counts: { delivered: 1 }, ack_ms: 'unknown' },
  });
});

test('an id that another agent used as well is not mixed up', async () => {
  const tenant = fresh('tenant');
  await bus.connect({ tenant, agent: 'bob' }, { channel: 'lobby' });
  for (const agent of ['alice', 'carol'])
    await artcafe(['publish', 'lobby', agent, '--id', 'same', ...as(tenant, agent)]);
  for (const sequence of ['1', '2'])
    expect(await explained(['lobby', sequence, ...as(tenant, 'bob')])).toMatchObject({
      delivery: { matched: 1 },
    });
});

test('a direct message: stored, and pushed when its agent came', async () => {
  const tenant = fresh('tenant');
  await artcafe(['publish', '--to', 'bob', 'wake up', '--id', 'd1', ...as(tenant, 'alice')]);
  const bob = await bus.connect({ tenant, agent: 'bob' });
  await bob.nextMessage({ content: 'wake up' });
  const ofBob = ['$inbox', '1', ...as(tenant, 'bob')];
  const pushed = await eventually(
    () => explained(ofBob),
    (known) => known?.pushed_to !== undefined,
  );
  expect(pushed).toMatchObject({ id: 'd1', to: 'bob', delivery: { stored: true, matched: 0 } });
  expect(pushed?.pushed_to).toEqual([expect.any(String)]);
  const { stdout } = await artcafe(['explain', ...ofBob]);
  expect(stdout).toMatch(
    /\nstored: the agent had no connection\n[^]*\npushed from the inbox to the connection \S+\n$/,
  );
});

test('a message that the log does not have', async () => {
  const { code, stderr } = await artcafe(['explain', 'lobby', '7', ...as(fresh('tenant'), 'bob')]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'The log of "lobby" has no message 7 (any more).\n',
  });
});

describe('of a deployed stack', () => {
  let gateway: Behaviour;
  let close: (() => void) | undefined;
  beforeAll(() => {
    gateway = linesOf(bus);
  });
  afterEach(() => {
    close?.();
    jest.restoreAllMocks();
  });

  async function stack(behaviour: Behaviour, outputs?: Readonly<Record<string, string | undefined>>) {
    const made = await deployedStack(bus, behaviour, folder, outputs);
    close = made.insights.close;
    return made;
  }

  test('the lines come from CloudWatch, and say the same', async () => {
    const tenant = fresh('tenant');
    const reader = await bus.connect({ tenant, agent: 'bob' }, { channel: 'lobby' });
    await artcafe(['publish', 'lobby', 'hello', ...as(tenant, 'alice')]);
    await reader.nextMessage({ content: 'hello' });
    const onLaptop = await explained(['lobby', '1', ...as(tenant, 'bob')]);
    const { insights, at } = await stack(gateway);
    const token = await bus.token({ tenant, agent: 'bob' });
    expect(await explained(['lobby', '1', ...at, '--token', token])).toEqual(onLaptop);
    expect(insights.queries).toHaveLength(1);
    expect(insights.queries[0]?.logGroupNames).toEqual(['/log/default', '/log/http']);
    const { startTime, endTime } = insights.queries[0]!;
    const acceptedAt = Date.parse(String(onLaptop?.accepted_at)) / 1_000;
    expect([startTime, endTime]).toEqual([Math.floor(acceptedAt - 300), Math.ceil(acceptedAt + 900)]);
  });

  test('pushes of an inbox are looked for in the log of its function, until now', async () => {
    const tenant = fresh('tenant');
    await artcafe(['publish', '--to', 'bob', 'wake up', ...as(tenant, 'alice')]);
    const bob = await bus.connect({ tenant, agent: 'bob' });
    await bob.nextMessage({ content: 'wake up' });
    const { insights, at } = await stack(gateway);
    const token = await bus.token({ tenant, agent: 'bob' });
    const known = await eventually(
      () => explained(['$inbox', '1', ...at, '--token', token]),
      (found) => found?.pushed_to !== undefined,
    );
    expect(known).toMatchObject({ delivery: { stored: true }, pushed_to: [expect.any(String)] });
    const pushes = insights.queries.find(({ logGroupNames }) => logGroupNames.includes('/log/inbox'));
    expect(pushes?.logGroupNames).toEqual(['/log/inbox']);
    expect(pushes?.endTime).toBeGreaterThanOrEqual(Date.now() / 1_000);
  });

  const explainOne = async (at: readonly string[]) => {
    const tenant = fresh('tenant');
    await artcafe(['publish', 'lobby', 'x', '--id', 'm', ...as(tenant, 'alice')]);
    const token = await bus.token({ tenant, agent: 'bob' });
    return artcafe(['explain', 'lobby', '1', ...at, '--token', token]);
  };

  test('no line found: unknown, and that it may come', async () => {
    const { at } = await stack({ results: () => ({ status: 'Complete' }) });
    const { code, stdout, stderr } = await explainOne(at);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /\ndelivery: unknown: no log line tells it; CloudWatch may have the newest lines a minute or two later\n$/,
    );
  });

  test('lines that may not be read: what the log of the channel says, and which permission is missing', async () => {
    const refusal = new Refusal('AccessDeniedException', 'not authorized to perform: logs:StartQuery');
    const { at } = await stack({ ...gateway, start: () => refusal });
    const { code, stdout, stderr } = await explainOne(at);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^#1 of lobby: m .*\ndelivery: unknown: the log lines cannot be read\n$/);
    expect(stderr).toMatch(/ Needed are logs:StartQuery on the log groups \/log\/default, \/log\/http, and /);
  });

  test('a stack that does not name its log groups', async () => {
    const { at } = await stack(gateway, { LogGroups: undefined });
    expect(await explainOne(at)).toMatchObject({
      code: 1,
      stderr: '"Bus" is of an earlier release, which does not name its log groups: deploy it again.\n',
    });
  });
});
