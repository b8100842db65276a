/** Own messages of a channel with a reader: the client makes its copy itself when the message is acknowledged. */
import fc from 'fast-check';
import { MemoryCursor, type Message, type PublishOptions } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

/** As they are heard, whether they come from the log or not. */
const comparable = (messages: readonly Message[]) =>
  messages.map((message) => ({ ...message, replayed: true }));

async function logOf(bus: FakeBus): Promise<Message[]> {
  const reader = await bus.connected('reader');
  const messages: Message[] = [];
  const read = async (): Promise<void> => {
    const after = { epoch: bus.server.log('c').epoch, sequence: 0 };
    for await (const message of reader.channel('c').history({ after })) messages.push(message);
  };
  await bus.during(read());
  return messages;
}

async function reading() {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: Message[] = [];
  await bus.during(client.channel('c').subscribe((message) => void heard.push(message)));
  return { bus, client, heard };
}

test('the copy is that of the log, whatever the message holds', async () => {
  const { bus, client, heard } = await reading();
  const content: { list: unknown[] } = { list: [1, null, { deep: 'x' }] };
  const options: PublishOptions = {
    metadata: { mood: 'good' },
    type: 'chat.line',
    correlationId: 'c1',
    inReplyTo: 'r1',
    traceparent: 't1',
    extra: { own: 1, tenant_id: 'forged', sequence: 99, replayed: true, expires_at: 'never' },
  };
  await bus.during(client.channel('c').publish(content, options));
  await bus.during(client.channel('c').publish(null, { type: null as never, metadata: null as never }));
  content.list.push('changed after the publish');
  expect(bus.server.frames().filter(({ echo }) => echo === false)).toHaveLength(2);
  expect(comparable(heard)).toEqual(await logOf(bus));
  expect(heard).toMatchObject([
    {
      tenantId: 't',
      agentId: 'a',
      sequence: 1,
      replayed: false,
      content: { list: [1, null, { deep: 'x' }] },
    },
    { type: 'message', metadata: {}, sequence: 2, content: null },
  ]);
});

test.each([
  ['goes on where the one before stood', new MemoryCursor(), ['own']],
  ['begins with what is new', { load: () => undefined, save: () => undefined }, []],
])('a reader that comes between publish and ACK and %s', async (_, cursor, wanted) => {
  const bus = new FakeBus();
  const client = await bus.connected('a', { cursor });
  const channel = client.channel('c');
  const first = await bus.during(channel.subscribe(() => undefined));
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => true };
  const publishing = channel.publish('own', { id: 'm' });
  await bus.timers.advance(10);
  bus.server.faults = { ...bus.server.faults, losesAnswer: () => false };
  first.unsubscribe();
  const heard: unknown[] = [];
  await bus.during(channel.subscribe(({ content }) => heard.push(content)));
  const { epoch, sequence, message } = bus.server.log('c').rows[0]!;
  const ack = { type: 'ACK', message_id: 'm', status: 'accepted', timestamp: message.timestamp };
  bus.socketOf('a')?.post({ ...ack, epoch, sequence });
  await bus.during(publishing);
  bus.server.publish('c', 'other');
  await bus.timers.advance(1_000);
  expect(heard).toEqual([...wanted, 'other']);
  expect(bus.server.frames('message')).toMatchObject([{ echo: false }]);
});

test('the echo of one message can be chosen', async () => {
  const { bus, client, heard } = await reading();
  for (const echo of [true, 'server', false] as const)
    await bus.during(client.channel('c').publish(String(echo), { echo }));
  await bus.timers.advance(10);
  expect(bus.server.frames('message').map(({ echo }) => echo)).toEqual([false, true, false]);
  expect(heard.map(({ content }) => content)).toEqual(['true', 'server']);
});

test('a handler may publish while its own message is handed to it', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: unknown[] = [];
  const again: Promise<unknown>[] = [];
  const channel = client.channel('c');
  await bus.during(
    channel.subscribe(({ id, content }) => {
      heard.push(content);
      if (content === 1) again.push(channel.publish(2, { id: `${id}.again` }));
    }),
  );
  await bus.during(channel.publish(1));
  await bus.during(Promise.all(again));
  expect(heard).toEqual([1, 2]);
});

test('a cut between publish and ACK shows each message once, in the order of the log', async () => {
  const plan = fc.record({
    seed: fc.nat(1_000_000),
    cuts: fc.array(fc.nat(3_000), { minLength: 1, maxLength: 6 }),
    maxDelayMs: fc.integer({ min: 1, max: 400 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ seed, cuts, maxDelayMs }) => {
      const bus = new FakeBus(seed);
      const client = await bus.connected('a');
      const heard: Message[] = [];
      await bus.during(client.channel('c').subscribe((message) => void heard.push(message)));
      const calm = bus.server.faults;
      bus.server.faults = { ...calm, delay: () => 1 + bus.timers.random() * maxDelayMs };
      for (const cut of cuts)
        bus.timers.after(cut, () => {
          bus.server.cut(bus.socketOf('a'));
        });
      const receipts: Promise<unknown>[] = [];
      for (let count = 0; count < 30; count++) {
        receipts.push(client.channel('c').publish({ count }));
        if (count % 3 === 0) bus.server.publish('c', 'other');
        await bus.timers.advance(100);
      }
      bus.server.faults = calm;
      await bus.during(Promise.all(receipts));
      // Every hole is known after a ping.
      await bus.timers.advance(700_000);
      expect(comparable(heard)).toEqual(await logOf(bus));
      await bus.during(client.close());
    }),
    { numRuns: Number(process.env.RUNS ?? 30) },
  );
});
