/** The story: an agent is erased while a reader is away. The reader is told which messages are gone and why, and goes on. */
import WebSocket from 'ws';
import { type Gap, MemoryCursor, PubSub } from '../../clients/javascript/index';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
const clients: PubSub[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
});

test('a resumed channel reports erased messages as a gap with that reason, and goes on behind them', async () => {
  const tenant = fresh('t');
  const cursor = new MemoryCursor();
  const heard: unknown[] = [];
  const gaps: Gap[] = [];
  const open = async (agent: string) => {
    const token = () => bus.token({ tenant, agent });
    const client = new PubSub({
      url: bus.baseUrls.edge,
      token,
      WebSocket,
      ...(agent === 'bob' && { cursor }),
    });
    clients.push(client);
    client.on('gap', (gap) => gaps.push(gap));
    await client.connect();
    return client;
  };
  const listen = async (client: PubSub) =>
    client.channel('c').subscribe(({ content }) => void heard.push(content));
  const [alice, carol, first] = [await open('alice'), await open('carol'), await open('bob')];
  await listen(first);
  await carol.channel('c').publish('before');
  await eventually(
    () => heard,
    (all) => all.length === 1,
  );
  await first.close();
  for (const content of ['erased 1', 'erased 2']) await alice.channel('c').publish(content);
  await carol.channel('c').publish('between');
  await alice.channel('c').publish('erased 3');
  await alice.close();
  expect(await bus.order({ action: 'erase', tenant_id: tenant, agent_id: 'alice' })).toMatchObject({
    messages: 3,
  });

  const second = await open('bob');
  await listen(second);
  await carol.channel('c').publish('after');
  await eventually(
    () => heard,
    (all) => all.includes('after'),
  );
  expect(heard).toEqual(['before', 'between', 'after']);
  expect(gaps.map(({ channelId, reason, from, to }) => ({ channelId, reason, from, to }))).toEqual([
    { channelId: 'c', reason: 'erased', from: 2, to: 3 },
    { channelId: 'c', reason: 'erased', from: 5, to: 5 },
  ]);
});
