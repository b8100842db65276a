/**
 * Grants hold per operation on every path by which a client can name a channel, an agent or a capability: random claims, as lists
 * and as maps, from the claim over the context that the platform carries to the answer, and to what is stored, subscribed and
 * delivered.
 */
import fc from 'fast-check';
import { authorize } from '../../lambda/agents/authorize';
import type { Caller } from '../../lambda/shared/caller';
import { channelSubject } from '../../lambda/shared/subjects';
import { decodeContext, encodeContext } from '../../lambda/events/web-socket/authorizer-context';
import type { Operation } from '../../protocol/index';
import { createWorld } from './world';

type World = ReturnType<typeof createWorld>;
type Frame = Record<string, unknown>;
type Claim = readonly string[] | Readonly<Record<string, readonly Operation[]>>;

const patterns = ['*', 'c', 'c*', 'c.*', 'd', 'constructor', '__proto__', 'C'] as const;
const channels = ['c', 'c.', 'c.d', 'cc', 'd', 'C', 'constructor', '__proto__'] as const;
const operations = ['publish', 'subscribe', 'history', 'presence', 'advertise'] as const;
const capabilities = ['c', 'c.d', 'two words'] as const;
const receivers = ['owner', 'owner-2', 'öwner'] as const;

const pattern = fc.constantFrom(...patterns);
const list: fc.Arbitrary<Claim> = fc.array(pattern, { maxLength: 3 });
const map: fc.Arbitrary<Claim> = fc
  .array(fc.tuple(pattern, fc.subarray<Operation>([...operations])), { maxLength: 3 })
  .map((pairs) =>
    Object.fromEntries(pairs.filter(([name]) => name !== '__proto__' && name !== 'constructor')),
  );
const claim = fc.oneof(list, map);
const agents = fc.option(
  fc.array(fc.constantFrom('owner', 'owner*', 'ö*', '*', 'nobody', 'own'), { maxLength: 2 }),
  { nil: undefined },
);
const role = fc.option(fc.constantFrom('observer', 'service'), { nil: undefined, freq: 3 });

interface Claims {
  readonly channels: Claim;
  readonly agents: readonly string[] | undefined;
  readonly role: string | undefined;
}

/** Written apart from the code under test, in the simplest way. */
function may(granted: Claim, operation: Operation, channelId: string): boolean {
  const pairs: [string, readonly Operation[]][] = Array.isArray(granted)
    ? granted.map((each: string) => [each, operations])
    : Object.entries(granted);
  return pairs.some(([each, allowed]) => allowed.includes(operation) && fits(each, channelId));
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** `undefined` when the handshake is refused. */
function admitted(granted: Claims, now: number, channelId?: string): Caller | undefined {
  const claims = {
    tenant_id: 't',
    agent_id: 'guest',
    ...granted,
    exp: Math.floor(now / 1_000) + 3_600,
  };
  const settings = {
    tenantClaim: 'tenant_id',
    agentClaim: 'agent_id',
    channelsClaim: 'channels',
    agentsClaim: 'agents',
    roleClaim: 'role',
    defaultGrants: 'all',
    maxTokenSeconds: 3_650 * 86_400,
  } as const;
  const query = new Map(channelId === undefined ? [] : [['channel_id', [channelId]]]);
  const decision = authorize(claims, query, settings, now);
  if (decision.kind !== 'allow') return undefined;
  const admission = decodeContext(encodeContext(decision.admission));
  return { connectionId: 'guest-connection', connectedAt: now, ...admission, level: 1 };
}

interface Scene {
  readonly world: World;
  readonly guest: Caller;
  readonly owner: Caller;
  readonly channelId: string;
  readonly granted: Claims;
  readonly can: (operation: Operation) => boolean;
}

const answersOf = (world: World): Frame[] => world.sockets.of('guest-connection').flat();

async function ask({ world, guest }: Scene, frame: unknown): Promise<Frame[]> {
  const before = world.sockets.of('guest-connection').length;
  await world.send(guest, frame);
  return world.sockets.of('guest-connection').slice(before).flat();
}

const rowsOf = async ({ world, channelId }: Scene): Promise<number> => {
  let rows = 0;
  for await (const page of world.deps.history.range(channelSubject('t', channelId), {
    after: 0,
    upTo: 1_000,
  })) {
    rows += page.length;
  }
  return rows;
};
const heardByOwner = ({ world }: Scene): number => world.sockets.of('owner-connection').flat().length;
const since = { epoch: 'any', sequence: 1 };

/** Every path: what it asks for, and what must not have happened when it is refused. */
const paths: Record<string, (scene: Scene) => Promise<void>> = {
  'a message': (scene) => publishes(scene, { channel_id: scene.channelId, content: 1 }),
  'a message on a connection with the channel': async (scene) => {
    const guest = { ...scene.guest, channelId: scene.channelId };
    await publishes({ ...scene, guest }, { content: 1 });
  },
  'an ephemeral message': (scene) =>
    publishes(scene, { channel_id: scene.channelId, content: 1, ephemeral: true }),
  'a retry': (scene) => publishes(scene, { channel_id: scene.channelId, content: 1, retry: true }),
  'a message that asks for a reply': (scene) =>
    publishes(scene, { channel_id: scene.channelId, content: 1, expects_reply: true }),
  'a message among others': async (scene) => {
    const frames = ['m1', 'm2'].map((id) => ({ id, channel_id: scene.channelId, content: 1 }));
    const answers = await ask(scene, frames);
    const refused = answers.filter(({ code }) => code === 'forbidden').map(({ message_id }) => message_id);
    expect(refused).toEqual(scene.can('publish') ? [] : ['m1', 'm2']);
    if (!scene.can('publish')) expect(await rowsOf(scene)).toBe(1);
  },
  subscribe: async (scene) => {
    const answers = await ask(scene, { type: 'subscribe', id: 's', channel_id: scene.channelId });
    expect(answers.some(({ code }) => code === 'forbidden')).toBe(!scene.can('subscribe'));
    await listens(scene, scene.can('subscribe'));
  },
  'subscribe with a replay': async (scene) => {
    const frame = { type: 'subscribe', id: 's', channel_id: scene.channelId, since };
    const answers = await ask(scene, frame);
    expect(answers.some(({ code }) => code === 'forbidden')).toBe(!scene.can('subscribe'));
    if (!scene.can('subscribe')) return;
    const [subscribed] = answers;
    expect(subscribed).toMatchObject({ type: 'SUBSCRIBED', recovered: false });
    expect(subscribed?.reason === 'forbidden').toBe(!scene.can('history'));
  },
  'hello with a resume': async (scene) => {
    const resume = [{ channel_id: scene.channelId, ...since }];
    const [welcome] = await ask(scene, { type: 'hello', id: 'h', resume });
    const named = (welcome?.channels as Frame[]).find(({ channel_id }) => channel_id === scene.channelId);
    const isRefused = !scene.can('subscribe') || !scene.can('history');
    expect(named?.reason === 'forbidden').toBe(isRefused);
    await listens(scene, scene.can('subscribe'));
  },
  history: async (scene) => {
    const answers = await ask(scene, { type: 'history', id: 'h', channel_id: scene.channelId });
    expect(answers.some(({ code }) => code === 'forbidden')).toBe(!scene.can('history'));
    expect(answers.some(({ type }) => type === 'HISTORY')).toBe(scene.can('history'));
  },
  ping: async (scene) => {
    const answers = await ask(scene, { type: 'ping', id: 'p', channels: [{ channel_id: scene.channelId }] });
    expect(answers.some(({ code }) => code === 'forbidden')).toBe(!scene.can('subscribe'));
    expect(answers.some(({ type }) => type === 'PONG')).toBe(scene.can('subscribe'));
  },
};

/** What names agents and capabilities. */
const furtherPaths: Record<string, (scene: Scene) => Promise<void>> = {
  'a direct message': (scene) => sendsTo(scene, {}),
  'a direct message that is not stored': (scene) => sendsTo(scene, { ephemeral: true }),
  'a request': (scene) => sendsTo(scene, { expects_reply: true }),
  'a reply': (scene) => sendsTo(scene, { type: 'reply', in_reply_to: 'first', correlation_id: 'first' }),
  'a direct message of an original client': async (scene) => {
    for (const to of receivers) {
      const guest = { ...scene.guest, channelId: undefined };
      await directly({ ...scene, guest }, to, { metadata: { to } });
    }
  },
  'what an agent can do': (scene) => advertises(scene, { type: 'presence', id: 'p' }, 'PRESENCE'),
  'what an agent can do, with hello': (scene) => advertises(scene, { type: 'hello', id: 'h' }, 'WELCOME'),
  'a status': async (scene) => {
    const [answer] = await ask(scene, { type: 'presence', id: 'p', status: 'busy' });
    expect(answer?.code === 'forbidden').toBe(scene.granted.role === 'observer');
  },
  'being seen': async ({ world, owner, granted, guest }) => {
    await world.send({ ...owner, level: 1 }, { type: 'presence', id: 'q', query: {} });
    const seen = world.sockets
      .of('owner-connection')
      .flat()
      .find(({ message_id }) => message_id === 'q');
    const ids = (seen?.agents as Frame[]).map(({ agent_id }) => agent_id);
    expect(ids).toEqual(granted.role === 'observer' ? [...receivers] : ['guest', ...receivers]);
    const before = answersOf(world).length;
    await world.send({ ...owner, level: 1 }, { id: 'to-guest', to: 'guest', content: 1 });
    expect(answersOf(world).length > before).toBe(granted.role !== 'observer');
    // And it reads no inbox but its own.
    await world.send(guest, { type: 'history', id: 'inbox', channel_id: '$inbox' });
    const inbox = answersOf(world).find(({ message_id }) => message_id === 'inbox');
    expect((inbox?.messages as Frame[]).length).toBe(granted.role === 'observer' ? 0 : 1);
  },
};

async function sendsTo(scene: Scene, frame: Frame): Promise<void> {
  for (const to of receivers) await directly(scene, to, { to, ...frame });
}

async function directly(scene: Scene, to: string, frame: Frame): Promise<void> {
  const { agents: named, role: own } = scene.granted;
  const isAllowed = own !== 'observer' && (named === undefined || named.some((each) => fits(each, to)));
  const received = () =>
    scene.world.sockets.posts.filter((post) => post.connectionId === `${to}-connection`).length;
  const before = received();
  const [answer] = await ask(scene, { id: `to-${to}`, content: 1, ...frame });
  expect([answer?.type, answer?.code]).toEqual(isAllowed ? ['ACK', undefined] : ['ERROR', 'forbidden']);
  expect(received()).toBe(before + (isAllowed ? 1 : 0));
}

async function advertises(scene: Scene, frame: Frame, answered: string): Promise<void> {
  const { channels: claimed, role: own } = scene.granted;
  const isLimited = isMap(claimed) && Object.values(claimed).some((each) => each.includes('advertise'));
  for (const capability of capabilities) {
    const isAllowed = own !== 'observer' && (!isLimited || may(claimed, 'advertise', capability));
    const [answer] = await ask(scene, { ...frame, capabilities: [capability] });
    expect(answer?.type).toBe(isAllowed ? answered : 'ERROR');
    const { record } = await scene.world.deps.agents.getAgent('t', scene.guest.agentId);
    expect(record?.capabilities.includes(capability)).toBe(isAllowed);
  }
}

function isMap(claimed: Claim): claimed is Exclude<Claim, readonly string[]> {
  return !Array.isArray(claimed);
}

async function publishes(scene: Scene, frame: Frame): Promise<void> {
  const before = heardByOwner(scene);
  const [answer] = await ask(scene, { id: 'm', ...frame });
  if (scene.can('publish')) {
    expect(answer).toMatchObject({ type: 'ACK', message_id: 'm' });
    expect(heardByOwner(scene)).toBe(before + 1);
  } else {
    expect(answer).toMatchObject({ type: 'ERROR', code: 'forbidden', message_id: 'm' });
    expect(await rowsOf(scene)).toBe(1);
    expect(heardByOwner(scene)).toBe(before);
  }
}

/** Whether the guest hears what the owner says now. */
async function listens({ world, owner, channelId }: Scene, expected: boolean): Promise<void> {
  await world.send(owner, { id: 'received', channel_id: channelId, content: 1 });
  expect(answersOf(world).some(({ id }) => id === 'received')).toBe(expected);
}

const claims: fc.Arbitrary<Claims> = fc.record({ channels: claim, agents, role });

test.each(Object.entries({ ...paths, ...furtherPaths }))('%s', async (_name, path) => {
  const property = fc.asyncProperty(claims, fc.constantFrom(...channels), async (granted, channelId) => {
    const world = createWorld();
    const owner = await world.open('owner-connection', { agentId: 'owner', channelId });
    for (const agentId of receivers.slice(1)) await world.open(`${agentId}-connection`, { agentId });
    await world.send(owner, { id: 'first', content: 'secret' });
    const guest = admitted(granted, world.clock.time);
    if (guest === undefined) throw new Error('The claim has a shape that is refused');
    await world.open('guest-connection', guest);
    const can = (operation: Operation) => mayOf(granted, operation, channelId);
    await path({ world, guest, owner, channelId, granted, can });
    if (!can('history') && !can('subscribe')) {
      expect(JSON.stringify(answersOf(world))).not.toContain('secret');
    }
  });
  await fc.assert(property, { numRuns: 300 });
});

test('the handshake with a channel', () => {
  const property = fc.property(claims, fc.constantFrom(...channels), (granted, channelId) => {
    const isAdmitted = admitted(granted, 1_790_000_000_000, channelId) !== undefined;
    expect(isAdmitted).toBe(mayOf(granted, 'subscribe', channelId));
  });
  fc.assert(property, { numRuns: 1_000 });
});

function mayOf({ channels: claimed, role: own }: Claims, operation: Operation, channelId: string): boolean {
  return may(claimed, operation, channelId) && !(own === 'observer' && operation === 'publish');
}
