/** SQS messages publish on the laptop gateway: queue, batches, function and log, from the template. */
import { publishCounts } from '../../bin/cost/forecast';
import { type Counts, countsBetween, emptyPolls } from '../../gateway/index';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';

const bus = useBus({ settings: { publishQueue: { allow: [{ tenant: 'acme', agents: ['cron'] }] } } });

async function send(body: object): Promise<{ readonly MessageId: string }> {
  const { gateway } = bus.inside;
  const response = await fetch(new URL('/_aws/sqs/', gateway.urls.ready), {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request',
      'x-amz-target': 'AmazonSQS.SendMessage',
    },
    body: JSON.stringify({ QueueUrl: gateway.outputs.PublishQueueUrl, MessageBody: JSON.stringify(body) }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as { readonly MessageId: string };
}

const message = { tenant_id: 'acme', agent_id: 'cron', channel_id: 'ticks', content: { at: 9 } };

test('a message of the queue reaches subscribers', async () => {
  const bob = await bus.connect({ tenant: 'acme', agent: 'bob' }, { level: 1, channel: 'ticks' });
  const { MessageId: id } = await send(message);
  expect(await bob.next((frame) => frame.id === id)).toMatchObject({
    agent_id: 'cron',
    content: { at: 9 },
    sequence: 1,
  });
});

test('a message that is not accepted is tried three times within ten minutes, then it is in the failure queue', async () => {
  const { gateway, log } = bus.inside;
  await send({ ...message, agent_id: 'mallory' });
  const refused = () => log.filter(({ text }) => text.includes('queued_message_refused')).length;
  const dead = () => log.filter(({ text }) => /^The message .* goes to .*FailureQueue/.test(text)).length;
  await eventually(refused, (count) => count === 1);
  for (const attempt of [2, 3]) {
    expect(dead()).toBe(0);
    await gateway.clock.advance(181_000);
    await eventually(refused, (count) => count === attempt);
  }
  await eventually(dead, (count) => count === 1);
});

/** What came since, without the polls of that time. */
function meter(): () => Counts {
  const { gateway } = bus.inside;
  const reading = () => ({ counts: gateway.costs().counts, at: gateway.clock.now() });
  const before = reading();
  return () => {
    const { counts, at } = reading();
    const between = countsBetween(before.counts, counts);
    return { ...between, queueRequests: between.queueRequests - emptyPolls(at - before.at) };
  };
}

test.each([
  [200, 3],
  [70_000, 5],
])(
  'the meter counts a message of %i bytes as %i requests to SQS, and the forecast too',
  async (size, requests) => {
    const channel_id = `costs-${size}`;
    const bob = await bus.connect({ tenant: 'acme', agent: 'bob' }, { level: 1, channel: channel_id });
    const publish = async () => {
      const { MessageId: id } = await send({ ...message, channel_id, content: 'x'.repeat(size) });
      await bob.next({ id });
      await bus.inside.gateway.clock.advance(1);
    };
    // The first one lists the channel.
    await publish();
    const since = meter();
    await publish();
    const counts = since();
    expect(counts.queueRequests).toBeCloseTo(requests, 1);
    // One row in the log until now.
    const load = { fanOut: 1, size, ephemeral: false, publishQueue: true };
    const forecast = publishCounts({ ...load, memoryMb: 512, localEcho: false });
    for (const name of ['messagesIn', 'unitsIn', 'messagesOut', 'unitsOut', 'busEvents'] as const)
      expect([name, forecast[name]]).toEqual([name, counts[name]]);
    expect(forecast.queueRequests).toBe(requests);
    if (size === 200) expect(counts).toMatchObject({ readUnits: forecast.readUnits, writeUnits: 1 });
  },
);

test('a message that comes back is received again and not deleted; a minute of polls is fifteen requests', async () => {
  const { gateway, log } = bus.inside;
  const refused = () => log.filter(({ text }) => text.includes('queued_message_refused')).length;
  const earlier = refused();
  const since = meter();
  await send({ ...message, agent_id: 'mallory' });
  await eventually(refused, (count) => count === earlier + 1);
  await gateway.clock.advance(1);
  expect(since().queueRequests).toBeCloseTo(2, 1);
  await gateway.clock.advance(181_000);
  await eventually(refused, (count) => count === earlier + 2);
  expect(since().queueRequests).toBeCloseTo(3, 1);
  const before = gateway.costs().counts.queueRequests;
  await gateway.clock.advance(60_000);
  expect(gateway.costs().counts.queueRequests - before).toBeCloseTo(15, 0);
});
