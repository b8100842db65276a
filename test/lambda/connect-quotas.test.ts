/** The quotas of connections and agents of a tenant, as a handshake meets them. */
import { connect } from '../../lambda/agents/connect';
import { Unavailable } from '../../lambda/shared/ports';
import { observerId } from '../../lambda/shared/subjects';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;

beforeEach(() => {
  world = createWorld();
});

const none = { connections: 0, agents: 0, unknownAgents: 0 };
const join = (
  connectionId: string,
  quotas: { connections?: number; agents?: number },
  agentId = connectionId,
) =>
  connect(
    { ...world.deps, quotas: { ...world.deps.quotas, ...quotas } },
    world.caller(connectionId, { agentId }),
  );
const rows = (id: string) => world.connections.getConnections([id]);

test('refuses a connection when the sweep has counted as many as there may be, and leaves no row', async () => {
  await world.usage.putCounts('t', { ...none, connections: 2 });
  expect(await join('a', { connections: 3 })).toBe('connected');
  expect(await join('b', { connections: 2 })).toBe('connections-quota');
  expect(await rows('b')).toEqual([]);
  expect(world.agents.agent('t', 'b')).toBeUndefined();
});

test('refuses an agent that is new when there are as many as there may be; known ones and observers come', async () => {
  await join('known', {});
  await world.agents.removeConnection('t', 'known', 'known');
  await world.usage.putCounts('t', { ...none, agents: 1 });
  expect(await join('new', { agents: 1 })).toBe('agents-quota');
  expect(await rows('new')).toEqual([]);
  expect(world.agents.agent('t', 'new')).toBeUndefined();
  expect(await join('known', { agents: 1 })).toBe('connected');
  expect(await join('o', { agents: 1 }, observerId('o'))).toBe('connected');
  expect(await join('new', { agents: 2 })).toBe('connected');
});

test('reads nothing without a quota, and refuses nobody when the counts can’t be read', async () => {
  const read = jest.spyOn(world.usage, 'counts').mockRejectedValue(new Unavailable('down'));
  expect(await join('a', {})).toBe('connected');
  expect(read).not.toHaveBeenCalled();
  expect(await join('b', { connections: 1 })).toBe('connected');
});
