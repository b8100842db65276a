/**
 * Conformance: messages to one agent (docs/protocol.md, Direct messages).
 * Who is registered is seen in the status of the ACK.
 */
import { bases, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

describe.each(bases)('on the base of the %s', (base) => {
  test('DIR-1 a message reaches every connection of the agent, whatever their channels, and no other', async () => {
    const connections = await Promise.all([
      bus.connect({ tenant, agent: 'b' }, { base }),
      bus.connect({ tenant, agent: 'b' }, { base, channel: 'news' }),
      bus.connect({ tenant, agent: 'b' }, { base: 'edge', channel: 'other' }),
      bus.connect({ tenant, agent: 'b' }, { pathForm: true, channel: 'third' }),
    ]);
    const sender = await bus.connect({ tenant, agent: 'a' }, { base, channel: 'news' });
    const bystander = await bus.connect({ tenant, agent: 'c' }, { base, channel: 'news' });
    const namesake = await bus.connect({ tenant: fresh('tenant'), agent: 'b' }, { base, channel: 'news' });

    const ack = await sender.request({ id: 'm1', to: 'b', content: 'psst', metadata: { x: 1 }, priority: 1 });

    expect(ack).toMatchObject({ type: 'ACK', status: 'accepted', sequence: 1 });
    for (const connection of connections) {
      expect(await connection.nextMessage()).toEqual({
        id: 'm1',
        type: 'message',
        content: 'psst',
        metadata: { x: 1 },
        priority: 1,
        tenant_id: tenant,
        agent_id: 'a',
        timestamp: ack.timestamp,
      });
    }
    await sender.request({ id: 'marker', content: 1 });
    await Promise.all([sender.nextMessage({ id: 'marker' }), bystander.nextMessage({ id: 'marker' })]);
    await namesake.request({ id: 'marker', content: 1 });
    await namesake.nextMessage({ id: 'marker' });
    expect(sender.messageIds).toEqual(['marker']);
    expect(bystander.messageIds).toEqual(['marker']);
    expect(namesake.messageIds).toEqual(['marker']);
  });
});

test('DIR-1 an agent may write to itself, and every connection of it hears once', async () => {
  const one = await bus.connect({ tenant, agent: 'a' });
  const two = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  await one.request({ id: 'm1', to: 'a', content: 1 });
  await Promise.all([one.nextMessage({ id: 'm1' }), two.nextMessage({ id: 'm1' })]);
  await two.request({ id: 'm2', to: 'a', content: 1 });
  await Promise.all([one.nextMessage({ id: 'm2' }), two.nextMessage({ id: 'm2' })]);

  expect(one.messageIds).toEqual(['m1', 'm2']);
  expect(two.messageIds).toEqual(['m1', 'm2']);
});

test.each([
  'team/a',
  'auth0|7f3',
  'a@b.example',
  'a+b c',
  '100%',
  '%2F',
  'größe 🎉',
  'a/inbox/b',
  'b'.repeat(128),
  '🎉'.repeat(64),
])('DIR-1 an agent may be named %s', async (agent) => {
  const receiver = await bus.connect({ tenant, agent });
  const sender = await bus.connect({ tenant, agent: 'a' });

  expect(await sender.request({ id: 'm1', to: agent, content: 1 })).toMatchObject({ status: 'accepted' });
  expect(await receiver.nextMessage()).toMatchObject({ id: 'm1' });
});

test('DIR-2 to together with channel_id is invalid_message', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  for (const channel_id of ['news', 'other']) {
    expect(await client.request({ id: 'm1', to: 'a', channel_id, content: 1 })).toMatchObject({
      code: 'invalid_message',
      message_id: 'm1',
    });
  }
  expect(await client.request({ id: 'm2', to: 'a', channel_id: null, content: 1 })).toMatchObject({
    type: 'ACK',
  });
});

test('DIR-2 to wins over the connection’s channel', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
  const listener = await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });
  const receiver = await bus.connect({ tenant, agent: 'c' });

  await sender.request({ id: 'm1', to: 'c', content: 1 });
  const message = await receiver.nextMessage({ id: 'm1' });
  await sender.request({ id: 'marker', content: 1 });
  await listener.nextMessage({ id: 'marker' });

  expect(message).not.toHaveProperty('channel_id');
  expect(listener.messageIds).toEqual(['marker']);
});

test('DIR-3 on a connection without a channel metadata.to addresses an agent', async () => {
  const receiver = await bus.connect({ tenant, agent: 'b' });
  const sender = await bus.connect({ tenant, agent: 'a' });

  expect(await sender.request({ id: 'm1', content: 'hi', metadata: { to: 'b', x: 1 } })).toMatchObject({
    type: 'ACK',
    status: 'accepted',
  });
  const message = await receiver.nextMessage();

  expect(message).toMatchObject({ id: 'm1', agent_id: 'a', metadata: { to: 'b', x: 1 } });
  expect(message).not.toHaveProperty('channel_id');
});

test('DIR-3 on a channel connection metadata is wholly the user’s', async () => {
  const named = await bus.connect({ tenant, agent: 'b' });
  const listener = await bus.connect({ tenant, agent: 'c' }, { channel: 'news' });
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  await sender.request({ id: 'm1', content: 1, metadata: { to: 'b' } });
  expect(await listener.nextMessage()).toMatchObject({ id: 'm1', channel_id: 'news', metadata: { to: 'b' } });
  await sender.request({ id: 'marker', to: 'b', content: 1 });
  await named.nextMessage({ id: 'marker' });

  expect(named.messageIds).toEqual(['marker']);
});

test('DIR-3 a channel_id in the message wins over metadata.to', async () => {
  const named = await bus.connect({ tenant, agent: 'b' });
  const listener = await bus.connect({ tenant, agent: 'c' }, { channel: 'news' });
  const sender = await bus.connect({ tenant, agent: 'a' });

  await sender.request({ id: 'm1', channel_id: 'news', content: 1, metadata: { to: 'b' } });
  await listener.nextMessage({ id: 'm1', channel_id: 'news' });
  await sender.request({ id: 'marker', to: 'b', content: 1 });
  await named.nextMessage({ id: 'marker' });

  expect(named.messageIds).toEqual(['marker']);
});

test('DIR-4 the status is accepted with a live connection, stored without one', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });

  expect(await sender.request({ to: 'b', content: 1 })).toMatchObject({
    type: 'ACK',
    status: 'stored',
    sequence: 1,
  });
  const receiver = await bus.connect({ tenant, agent: 'b' });
  expect(await sender.request({ to: 'b', content: 2 })).toMatchObject({ status: 'accepted', sequence: 2 });
  await receiver.close();
  const stored = await eventually(
    () => sender.request({ to: 'b', content: 3 }),
    (ack) => ack.status === 'stored',
  );

  expect(stored.sequence).toBeGreaterThanOrEqual(3);
});

test('DIR-7 the ACK of a message to an agent that never connected says so at level 1, also when it is sent again', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  const old = await bus.connect({ tenant, agent: 'a' });
  const m1 = { id: 'm1', to: 'b', content: 1 };

  expect(await sender.request(m1)).toMatchObject({ status: 'stored', sequence: 1, known: false });
  expect(await sender.request({ ...m1, retry: true })).toMatchObject({ status: 'duplicate', known: false });
  expect(await old.request({ to: 'b', content: 2 })).not.toHaveProperty('known');
  const receiver = await bus.connect({ tenant, agent: 'b' });
  expect(await receiver.nextMessage({ id: 'm1' })).toMatchObject({ content: 1 });
  expect(await sender.request({ to: 'b', content: 3 })).not.toHaveProperty('known');
  await receiver.close();
  const stored = await eventually(
    () => sender.request({ to: 'b', content: 4 }),
    (ack) => ack.status === 'stored',
  );
  expect(stored).not.toHaveProperty('known');
});

test('DIR-6 an ephemeral direct message is accepted and not stored', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' });
  const receiver = await bus.connect({ tenant, agent: 'b' });

  const ack = await sender.request({ id: 'm1', to: 'b', content: 1, ephemeral: true });
  await receiver.nextMessage({ id: 'm1' });

  expect(ack).toMatchObject({ type: 'ACK', status: 'accepted' });
  expect(ack).not.toHaveProperty('sequence');
  expect(await sender.request({ to: 'b', content: 2 })).toMatchObject({ sequence: 1 });
});

test('DIR-5 expects_reply with nobody there is no_responders, and nothing is stored', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' });

  for (const ephemeral of [false, true]) {
    expect(
      await sender.request({ id: 'q', to: 'b', content: 1, expects_reply: true, ephemeral }),
    ).toMatchObject({
      type: 'ERROR',
      code: 'no_responders',
      message_id: 'q',
    });
  }

  expect(await sender.request({ to: 'b', content: 2 })).toMatchObject({ status: 'stored', sequence: 1 });
});

test('DIR-5 the sender’s own connection does not count, another one of its agent does', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' });
  const request = { to: 'a', content: 1, expects_reply: true };
  expect(await sender.request(request)).toMatchObject({ code: 'no_responders' });

  const sibling = await bus.connect({ tenant, agent: 'a' });
  expect(await sender.request({ id: 'q', ...request })).toMatchObject({ type: 'ACK', status: 'accepted' });
  expect(await sibling.nextMessage({ id: 'q' })).toMatchObject({ expects_reply: true });
});

test('DIR-5 a question and its answer', async () => {
  const asker = await bus.connect({ tenant, agent: 'a' }, { base: 'edge' });
  const answerer = await bus.connect({ tenant, agent: 'b' }, { channel: 'work' });

  expect(await asker.request({ id: 'q', to: 'b', content: '6 × 7?', expects_reply: true })).toMatchObject({
    status: 'accepted',
  });
  const question = await answerer.nextMessage({ id: 'q' });
  await answerer.request({ id: 'r', to: question.agent_id, content: 42, in_reply_to: question.id });

  expect(await asker.nextMessage()).toMatchObject({ id: 'r', content: 42, in_reply_to: 'q', agent_id: 'b' });
});
