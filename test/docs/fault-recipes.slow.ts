/**
 * The plans of docs/faults.md are run as they stand there, put into a running gateway as the page says: each recipe has
 * the faults and the end that it describes.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { faultKinds } from '../../gateway/faults/plan-schema';
import { parseFaultPlan } from '../../gateway/index';
import { SocketParty } from '../faults/socket-party';
import { Bus, fresh } from '../helpers/bus';
import { needs } from '../helpers/target';

const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'faults.md'), 'utf8');
const plans = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const recipe = (question: string): string =>
  new RegExp(`\\*\\*${question}\\?\\*\\*[\\s\\S]*?\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';

test('the example and the three recipes are valid plans', () => {
  expect(plans).toHaveLength(4);
  for (const plan of plans) expect(() => parseFaultPlan(JSON.parse(plan))).not.toThrow();
});

test.each(faultKinds)('the fault %s is described', (kind) => {
  expect(page).toContain(`\`${kind}\``);
});

const withFaults = needs('faults');
/** A machine with much to do is no fault of the recipe. */
const patienceMs = 300_000;

let bus: Bus;
let party: SocketParty;
let tenant: string;

beforeAll(async () => {
  bus = await Bus.start({ faultPlan: {} });
}, patienceMs);
afterAll(() => bus.stop());

beforeEach(async () => {
  tenant = fresh('t');
  party = new SocketParty(bus, Math.random, 500, 1_000);
  for (const agentId of ['a0', 'a1']) (await party.add(tenant, agentId, ['news'])).client.follow('news');
  await party.connected();
}, patienceMs);
afterEach(async () => {
  party.stop();
  await put('{}');
}, patienceMs);

/** As `curl -X PUT --data @plan.json http://127.0.0.1:8787/_gateway/faults` does. */
async function put(plan: string): Promise<void> {
  const url = bus.inside.gateway.urls.ready.replace('ready', 'faults');
  const { status } = await fetch(url, { method: 'PUT', body: plan });
  expect(status).toBe(200);
}

function fired(): number[] {
  return (bus.inside.gateway.faultPlan?.report().counts ?? []).map((count) => count.fired);
}

withFaults(
  'Does my agent publish again, and only once: everything is acknowledged and in the log once',
  async () => {
    await put(recipe('Does my agent publish again, and only once'));
    for (let count = 0; count < 20; count++)
      for (const member of party.members) party.publish(member, { channelId: 'news' }, Infinity);
    expect(await party.settle('news')).toEqual([]);
    expect(party.recorder.publications.filter(({ outcome }) => outcome !== 'acked')).toEqual([]);
    expect(fired()[0]).toBeGreaterThan(0);
  },
  patienceMs,
);

withFaults(
  'Does my dashboard notice what it missed: everybody has everything by asking',
  async () => {
    await put(recipe('Does my dashboard notice what it missed'));
    for (let count = 0; count < 10; count++)
      for (const member of party.members) party.publish(member, { channelId: 'news' }, Infinity);
    expect(await party.settle('news')).toEqual([]);
    expect(fired()[0]).toBeGreaterThan(0);
  },
  patienceMs,
);

withFaults(
  'Who is online when the end of a connection is not reported: online until a message cannot be delivered',
  async () => {
    const { tables, gateway } = bus.inside;
    const ghost = await bus.connect({ tenant, agent: 'ghost' }, { channel: 'news' });
    await put(recipe('Who is online when the end of a connection is not reported'));
    await ghost.close();
    await gateway.clock.advance(11_000);
    expect(await tables.presence(tenant, 'ghost')).toMatchObject({ status: 'online' });
    const isOnline = async (): Promise<boolean> =>
      (await tables.presence(tenant, 'ghost'))?.status === 'online';
    while (await isOnline()) {
      party.publish(party.members[0]!, { channelId: 'news' }, Infinity);
      await party.published();
    }
    expect(await party.settle('news')).toEqual([]);
    expect(fired()[0]).toBeGreaterThan(0);
  },
  patienceMs,
);
