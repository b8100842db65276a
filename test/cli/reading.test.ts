/**
 * Commands that read take nothing from the agent that they read as: they once connected as that agent, and the service then pushed
 * the mail that waited for it to the command.
 */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';
import { artcafe, objectsIn, start } from './command-line';

const bus = useBus();
let place: string[];

beforeAll(() => {
  place = ['--url', bus.baseUrls.edge];
});

const as = (tenant: string, agent: string) => [...place, '--tenant', tenant, '--agent', agent];

interface Agent {
  readonly status: string;
  readonly version: number;
  readonly changed_at: string;
}

async function presenceOf(tenant: string, agent: string): Promise<Agent> {
  const token = await bus.token({ tenant, agent: 'watcher' });
  const url = `${bus.baseUrls.edge.replace('ws', 'http')}/agents/${agent}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as Agent;
}

/** Of an agent with a client of level 0: it was here, is gone, and two messages wait for it. */
async function bobWithMail(tenant: string): Promise<Agent> {
  const bob = await bus.connect({ tenant, agent: 'bob' });
  await bob.close();
  const gone = () => presenceOf(tenant, 'bob');
  const presence = await eventually(gone, ({ status }) => status === 'offline');
  for (const content of ['first', 'second'])
    expect((await artcafe(['publish', '--to', 'bob', content, ...as(tenant, 'alice')])).stdout).toMatch(
      /^stored /,
    );
  await artcafe(['publish', 'lobby', 'hello', ...as(tenant, 'alice')]);
  return presence;
}

test.each([
  ['explain', '$inbox', '1'],
  ['explain', 'lobby', '1'],
  ['history', '--inbox'],
  ['history', 'lobby'],
  ['agents'],
  ['channels'],
])('%s %s takes nothing', async (...command) => {
  const tenant = fresh('tenant');
  const before = await bobWithMail(tenant);
  const { code, stdout } = await artcafe([...command, '--json', ...as(tenant, 'bob')]);
  expect(code).toBe(0);
  expect(objectsIn(stdout).length).toBeGreaterThan(0);
  expect(await presenceOf(tenant, 'bob')).toEqual(before);
  const bob = await bus.connect({ tenant, agent: 'bob' });
  await bob.nextMessage({ content: 'first' });
  await bob.nextMessage({ content: 'second' });
});

test('subscribe takes nothing, and its agent is not shown online', async () => {
  const tenant = fresh('tenant');
  const before = await bobWithMail(tenant);
  const reader = start(['subscribe', 'lobby', ...as(tenant, 'bob')], { isTerminal: true });
  try {
    await reader.said(/Subscribed as an observer/);
    await artcafe(['publish', 'lobby', 'live', ...as(tenant, 'alice')]);
    await reader.said(/live/);
    expect(await presenceOf(tenant, 'bob')).toEqual(before);
  } finally {
    await reader.interrupt();
  }
  const bob = await bus.connect({ tenant, agent: 'bob' });
  await bob.nextMessage({ content: 'first' });
  await bob.nextMessage({ content: 'second' });
});

test('a position of the agent that is kept stays as it is', async () => {
  const tenant = fresh('tenant');
  const hello = { type: 'hello', id: 'h', resume: [{ channel_id: '$inbox', handled: {} }] };
  const bob = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  await bob.request(hello);
  await artcafe(['publish', '--to', 'bob', 'unhandled', ...as(tenant, 'alice')]);
  await bob.nextMessage({ content: 'unhandled' });
  await bob.close();
  await eventually(
    () => presenceOf(tenant, 'bob'),
    ({ status }) => status === 'offline',
  );
  for (const command of [
    ['history', '--inbox'],
    ['explain', '$inbox', '1'],
  ])
    expect((await artcafe([...command, ...as(tenant, 'bob')])).code).toBe(0);
  const again = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  again.send(hello);
  await again.nextMessage({ content: 'unhandled', replayed: true });
});

test('an inbox is that of the agent, a token of an observer has none', async () => {
  const tenant = fresh('tenant');
  await bobWithMail(tenant);
  const { stdout } = await artcafe(['history', '--inbox', '--json', ...as(tenant, 'bob')]);
  expect(objectsIn(stdout)).toMatchObject([
    { content: 'first', to: 'bob', agent_id: 'alice', sequence: 1 },
    { content: 'second', to: 'bob', agent_id: 'alice', sequence: 2 },
  ]);
  const { stdout: token } = await artcafe(['token', '--role', 'observer', ...as(tenant, 'bob')]);
  const observed = await artcafe(['history', '--inbox', '--token', token.trim(), ...place]);
  expect(observed).toEqual({ code: 0, stdout: '', stderr: 'The log has no messages.\n' });
});

test('history reads page by page what one answer does not hold', async () => {
  const tenant = fresh('tenant');
  const big = 'x'.repeat(30_000);
  const alice = await bus.connect({ tenant, agent: 'alice' });
  for (let n = 1; n <= 45; n++) {
    alice.send({ id: `m${n}`, channel_id: 'lobby', content: { n, big } });
    await alice.reply(`m${n}`);
  }
  const read = async (limit: string) => {
    const { stdout } = await artcafe(['history', 'lobby', '--limit', limit, '--json', ...as(tenant, 'bob')]);
    return objectsIn(stdout).map(({ sequence }) => sequence);
  };
  const all = Array.from({ length: 45 }, (_, index) => index + 1);
  expect(await read('1000')).toEqual(all);
  expect(await read('40')).toEqual(all.slice(5));
});
