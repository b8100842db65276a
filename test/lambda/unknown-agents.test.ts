/** Messages to agents that never connected: what their ACK says, how many there may be, and what they cost. */
import { inboxSubject } from '../../lambda/shared/subjects';
import { createWorld } from './world';

let world: ReturnType<typeof createWorld>;

beforeEach(() => {
  world = createWorld();
});

const last = (connectionId: string) => world.sockets.of(connectionId).at(-1);
const to = (agent: string, more: object = {}) => ({ id: `to-${agent}`, to: agent, content: 1, ...more });

test('says to a sender of level 1 that the agent is not known, again for a retry, and no more once it has connected', async () => {
  const sender = await world.open('s', { level: 1 });
  await world.send(sender, to('b'));
  expect(last('s')).toMatchObject({ type: 'ACK', status: 'stored', sequence: 1, known: false });
  await world.send(sender, to('b', { retry: true }));
  expect(last('s')).toMatchObject({ status: 'duplicate', sequence: 1, known: false });
  const b = await world.open('b', { agentId: 'b' });
  await world.send(sender, to('b', { id: 'm2' }));
  expect(last('s')).not.toHaveProperty('known');
  await world.agents.removeConnection('t', 'b', b.connectionId);
  await world.send(sender, to('b', { id: 'm3' }));
  expect(last('s')).toMatchObject({ status: 'stored' });
  expect(last('s')).not.toHaveProperty('known');
});

test('says nothing of it at level 0', async () => {
  const sender = await world.open('s');
  await world.send(sender, to('b'));
  expect(last('s')).toMatchObject({ status: 'stored' });
  expect(last('s')).not.toHaveProperty('known');
});

describe('with room for two agents', () => {
  const limited = () => ({ ...world.deps, quotas: { ...world.deps.quotas, unknownAgents: 2 } });

  test('refuses a message to a third one, of which nothing is left, and none to those that are counted', async () => {
    const sender = await world.open('s');
    for (const agent of ['n1', 'n2', 'n1']) await world.sendWith(limited(), sender, to(agent));
    expect(world.sockets.of('s').map(({ status }) => status)).toEqual(['stored', 'stored', 'stored']);
    await world.sendWith(limited(), sender, to('n3'));
    expect(last('s')).toMatchObject({ type: 'ERROR', code: 'limit_exceeded', message_id: 'to-n3' });
    expect(last('s')?.error).toContain('2 agents that never connected');
    expect(world.history.rows(inboxSubject('t', 'n3'))).toEqual([]);
    expect(world.agents.agent('t', 'n3')).toBeUndefined();
  });

  test('refuses none to an agent that has been here, and lets the others of the batch through', async () => {
    const sender = await world.open('s');
    const here = await world.open('h', { agentId: 'here' });
    await world.agents.removeConnection('t', 'here', here.connectionId);
    await world.sendWith(limited(), sender, [to('n1'), to('n2'), to('n3'), to('here')]);
    expect(world.sockets.of('s').map(({ status, code }) => status ?? code)).toEqual([
      'stored',
      'stored',
      'limit_exceeded',
      'stored',
    ]);
  });

  test('looks at the agent only before the first message of its inbox', async () => {
    const sender = await world.open('s');
    await world.open('b', { agentId: 'b' });
    const reads = jest.spyOn(world.agents, 'getAgent');
    await world.send(sender, to('b'));
    expect(reads).toHaveBeenCalledTimes(2);
    await world.send(sender, to('b', { id: 'm2' }));
    expect(reads).toHaveBeenCalledTimes(3);
  });
});
