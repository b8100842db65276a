/**
 * Conformance: erased messages (docs/protocol.md, LOG-3 and LOG-4). The orders go through the command's own function.
 */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const withOrders = needs('signing key');
const erase = (agent?: string) =>
  bus.order({ action: 'erase', tenant_id: tenant, ...(agent !== undefined && { agent_id: agent }) });
const erasedGap = (from: number, to = from) => ({ from, to, code: 'not_recoverable', reason: 'erased' });

/** Alice and Bob take turns in a channel: her messages have the sequences 1, 2 and 4. */
async function talk() {
  const [alice, bob] = [
    await bus.connect({ tenant, agent: 'alice' }, { level: 1, channel: 'c' }),
    await bus.connect({ tenant, agent: 'bob' }, { level: 1, channel: 'c' }),
  ];
  for (const [index, from] of [alice, alice, bob, alice].entries())
    expect(
      await from.request({ type: 'message', id: `m${String(index + 1)}`, content: index + 1 }),
    ).toMatchObject({
      type: 'ACK',
      sequence: index + 1,
    });
  return { alice, bob };
}

withOrders('LOG-3 an erased message is a gap in history and in a replay, and the log goes on', async () => {
  const { bob } = await talk();
  expect(await erase('alice')).toMatchObject({ closed: 1, messages: 3, agents: 1 });
  const page = await bob.request({ type: 'history', id: 'h', channel_id: 'c' });
  expect(page).toMatchObject({
    messages: [{ id: 'm3' }],
    gaps: [erasedGap(1, 2), erasedGap(4)],
    sequence: 4,
  });
  const epoch = page.epoch as string;
  const ack = await bob.request({ type: 'message', id: 'm5', content: 5 });
  expect(ack).toMatchObject({ sequence: 5, epoch });
  await bob.request({ type: 'unsubscribe', id: 'u', channel_id: 'c' });
  const since = { epoch, sequence: 1 };
  expect(await bob.request({ type: 'subscribe', id: 's', channel_id: 'c', since })).toMatchObject({
    recovered: true,
    sequence: 5,
  });
  expect(await bob.next({ type: 'message', replayed: true, id: 'm3' })).toMatchObject({ sequence: 3 });
  expect(await bob.next({ type: 'message', replayed: true, id: 'm5' })).toMatchObject({ sequence: 5 });
  expect(await bob.next({ type: 'REPLAYED', channel_id: 'c' })).toMatchObject({
    complete: true,
    sequence: 5,
    gaps: [erasedGap(2), erasedGap(4)],
  });
});

withOrders('LOG-3 a client of level 0 sees nothing of an erased message', async () => {
  const alice = await bus.connect({ tenant, agent: 'alice' }, { level: 1 });
  const bob = await bus.connect({ tenant, agent: 'bob' }, { level: 1 });
  for (const [id, from] of [
    ['m1', alice],
    ['m2', bob],
  ] as const)
    expect(await from.request({ type: 'message', id, to: 'carol', content: id })).toMatchObject({
      status: 'stored',
    });
  await erase('alice');
  const carol = await bus.connect({ tenant, agent: 'carol' });
  expect(await carol.next({ id: 'm2' })).toMatchObject({ content: 'm2' });
  const own = await carol.request({ id: 'end', to: 'carol', content: 'end' });
  expect(own).toMatchObject({ type: 'ACK' });
  expect(carol.received.filter(({ type }) => type === 'message').map(({ id }) => id)).not.toContain('m1');
});

withOrders(
  'LOG-4 an erased agent is refused and gone, and comes back with a later token as a new one',
  async () => {
    const { alice, bob } = await talk();
    await bob.request({ type: 'message', id: 'd', to: 'alice', content: 'secret' });
    await erase('alice');
    await alice.next({ type: 'GOAWAY', code: 'revoked' });
    await alice.closed;
    const query = { type: 'presence', id: 'p', query: { agent_id: 'alice' } };
    expect(await bob.request(query)).toMatchObject({ agents: [] });
    const token = bus.signedToken({ tenant_id: tenant, agent_id: 'alice', iat: bus.seconds() + 2 });
    const back = await bus.open(bus.url({ token }), ['artcafe.v1']);
    expect(await back.request({ type: 'history', id: 'h', channel_id: '$inbox' })).toMatchObject({
      messages: [],
      gaps: [erasedGap(1)],
    });
  },
);

withOrders('LOG-4 a tenant is erased with all of its agents, and another one stays', async () => {
  await talk();
  const other = await bus.connect({ tenant: fresh('other'), agent: 'alice' }, { level: 1, channel: 'c' });
  await other.request({ type: 'message', id: 'kept', content: 1 });
  expect(await erase()).toMatchObject({ closed: 2, messages: 4, agents: 2, channels: 1 });
  expect(await other.request({ type: 'history', id: 'h', channel_id: 'c' })).toMatchObject({
    messages: [{ id: 'kept' }],
  });
  const rows = (await bus.inside.tables.messageRows(tenant)).filter(({ sequence }) => sequence !== 0);
  expect(rows.map(({ body, id, agent, erased }) => ({ body, id, agent, erased }))).toEqual(
    Array.from({ length: 4 }, () => ({ body: '', id: '', agent: '', erased: true })),
  );
});

/** A call of AWS to the gateway of the test. */
async function ask<T>(
  service: 'lambda' | 'sqs',
  path: string,
  headers: Record<string, string>,
  body: object,
) {
  const authorization = `AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/${service}/aws4_request`;
  const response = await fetch(`${bus.inside.gateway.endpoints[service]}${path}`, {
    method: 'POST',
    headers: { authorization, ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

const queue = <T>(operation: string, input: object) =>
  ask<T>(
    'sqs',
    '',
    { 'x-amz-target': `AmazonSQS.${operation}` },
    { QueueUrl: bus.inside.gateway.outputs.FailureQueueUrl, ...input },
  );

withOrders(
  'LOG-4 events about an erased agent leave the failure queue, and those about others stay',
  async () => {
    const name = bus.inside.gateway.outputs.RevokeFunctionName ?? '';
    // An order that its function can't read fails for good.
    for (const agent of ['alice', 'bob', 'alice'])
      await ask(
        'lambda',
        `/2015-03-31/functions/${name}/invocations`,
        { 'x-amz-invocation-type': 'Event' },
        { action: 'kick', tenant_id: tenant, agent_id: agent, misspelt: true },
      );
    // As the publish queue leaves a message that was refused.
    const message = { tenant_id: tenant, agent_id: 'bob', to: 'alice', content: 'secret' };
    await queue('SendMessage', { MessageBody: JSON.stringify(message) });
    const waiting = async () => {
      const attribute = 'ApproximateNumberOfMessages';
      const { Attributes } = await queue<{ Attributes: Record<string, string> }>('GetQueueAttributes', {
        AttributeNames: [attribute],
      });
      return Number(Attributes[attribute]);
    };
    await eventually(waiting, (count) => count === 4);
    const report = (await erase('alice')) as { failures: number; remains: object };
    expect(report.failures).toBe(3);
    expect(report.remains).not.toHaveProperty('failure_queue');
    const { Messages: left } = await queue<{ Messages: { Body: string; ReceiptHandle: string }[] }>(
      'ReceiveMessage',
      { MaxNumberOfMessages: 10 },
    );
    expect(left.map(({ Body }) => JSON.parse(Body) as object)).toMatchObject([
      { requestPayload: { tenant_id: tenant, agent_id: 'bob' } },
    ]);
    // Somebody reads it: it can't be removed, and the report says so.
    expect(await erase()).toMatchObject({
      failures: 0,
      remains: { failure_queue: expect.stringMatching(/Z$/) as string },
    });
  },
);
