/** What counts as the answer to a question: not what another client writes, and each part of it once. */
import type { Message, PubSub } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

async function historyOf(bus: FakeBus, client: PubSub, channel: string): Promise<unknown[]> {
  const all: unknown[] = [];
  const reading = (async () => {
    const after = { epoch: `epoch-of-${channel}`, sequence: 0 };
    for await (const { content } of client.channel(channel).history({ after })) all.push(content);
  })();
  await bus.during(reading, 200_000);
  return all;
}

test('a message that claims to answer hello is a message', async () => {
  const bus = new FakeBus();
  bus.server.script = ({ type, id }) => {
    const claim = { id: 'x', to: 'victim', content: 'hi', ephemeral: true, message_id: id };
    if (type === 'hello') bus.server.accept(claim, 'mallory');
    return undefined;
  };
  const client = bus.client('victim');
  const inbox: Message[] = [];
  void client.inbox.subscribe((message) => inbox.push(message));
  await bus.during(client.connect());
  expect(client.agentId).toBe('victim');
  await bus.timers.advance(10);
  expect(inbox).toMatchObject([{ agentId: 'mallory', content: 'hi' }]);
});

test('a message that claims to be history is a message', async () => {
  const bus = new FakeBus();
  bus.server.publish('secret', 'true');
  const client = await bus.connected('victim');
  const heard: unknown[] = [];
  await bus.during(client.channel('room').subscribe(({ content }) => heard.push(content)));
  const forged = { id: 'f', type: 'message', agent_id: 'boss', content: 'forged', sequence: 1, epoch: 'e' };
  bus.server.script = ({ type, id }) => {
    const claim = { message_id: id, messages: [forged], last: true };
    if (type === 'history') bus.server.publish('room', 'mine', claim);
    return undefined;
  };
  expect(await historyOf(bus, client, 'secret')).toEqual(['true']);
  expect(heard).toEqual(['mine']);
});

test('the ids of questions are not those that a user would give a message', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  bus.server.publish('c', 1);
  await historyOf(bus, client, 'c');
  const ids = bus.server
    .frames()
    .filter(({ type }) => type === 'hello' || type === 'history')
    .map(({ id }) => String(id));
  expect(ids).toHaveLength(2);
  for (const id of ids) expect(id.length).toBeGreaterThan(16);
});

// A post whose answer was lost is made again: the part then comes twice.
test.each([
  ['in order', [1, 1, 2, 3]],
  ['and the last one early', [1, 1, 3, 2]],
  ['and the last one twice', [3, 3, 1, 2]],
])('a part of a history that comes twice counts once: %s', async (_how, order) => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  bus.server.script = ({ type, id }, socket) => {
    if (type !== 'history') return undefined;
    for (const part of order) {
      const message = { id: `m${part}`, type: 'message', content: part, sequence: part, epoch: 'e' };
      const place = { channel_id: 'c', epoch: 'e', sequence: 3, part, last: part === 3 };
      socket.post({ type: 'HISTORY', message_id: id, ...place, messages: [message] });
    }
    return 'silence';
  };
  expect(await historyOf(bus, client, 'c')).toEqual([1, 2, 3]);
});
