/** Positions that come from outside: a row of a database, a message, something that throws when it is looked at. */
import type { Cursor, Message } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

test.each([
  ['a name of its own for the channel', { channel_id: 'me/lobby' }],
  ['a number that JSON does not have', { row: 17n }],
])('a position that a cursor gives with more fields is a position: %s', async (_, fields) => {
  const bus = new FakeBus();
  const { epoch } = bus.server.publish('lobby', 1);
  for (const content of [2, 3]) bus.server.publish('lobby', content);
  const cursor: Cursor = {
    load: (channelId) => (channelId === 'lobby' ? { epoch, sequence: 1, ...fields } : undefined),
    save: () => undefined,
  };
  const client = bus.client('a', { cursor });
  const heard: unknown[] = [];
  // The first connection says where it goes on.
  await bus.during(client.channel('lobby').subscribe(({ content }) => heard.push(content)));
  await bus.timers.advance(10);
  expect(heard).toEqual([2, 3]);
});

test('of a message as a position, only its position is sent and saved', async () => {
  const bus = new FakeBus();
  const saved: unknown[] = [];
  const save = (channelId: string, position: unknown): void => {
    if (channelId === 'c') saved.push(position);
  };
  const client = await bus.connected('a', { cursor: { load: () => undefined, save } });
  for (const content of [1, 'large', 3]) bus.server.publish('c', content);
  const history = client.channel('c').history({ limit: 2 });
  await bus.during(history.next());
  const { value } = await bus.during(history.next());
  const since = value as Message & { readonly epoch: string; readonly sequence: number };
  const position = { epoch: 'epoch-of-c', sequence: 2 };
  await bus.during(client.channel('c').subscribe(() => undefined, { since }));
  await bus.during(client.channel('c').history({ after: since }).next());
  await bus.during(client.channel('c').history({ before: since }).next());
  await bus.timers.advance(10);
  expect(saved).toEqual([position, { ...position, sequence: 3 }]);
  expect(bus.server.frames('subscribe')[0]!.since).toEqual(position);
  const asked = bus.server.frames('history').map(({ after, before }) => [after, before]);
  expect(asked).toEqual([
    [undefined, undefined],
    [position, undefined],
    [undefined, position],
  ]);
});

test('an error of the cursor that throws when it is looked at does not keep the client from connecting', async () => {
  const untouchable: unknown = new Proxy(
    {},
    {
      get: () => {
        throw new Error('do not look');
      },
    },
  );
  const bus = new FakeBus();
  const load = (): never => {
    throw untouchable;
  };
  const client = bus.client('a', { cursor: { load, save: () => undefined } });
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push([error]));
  await bus.during(client.connect());
  expect(errors).toHaveLength(1);
  expect((errors[0] as unknown[])[0] === untouchable).toBe(true);
});
