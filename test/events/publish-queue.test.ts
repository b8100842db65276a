/** SQS messages publish on the laptop gateway: queue, batches, function and log, from the template. */
import { Bus } from '../helpers/bus';
import { eventually } from '../helpers/eventually';

let bus: Bus;

beforeAll(async () => {
  bus = await Bus.start({ settings: { publishQueue: { allow: [{ tenant: 'acme', agents: ['cron'] }] } } });
}, 240_000);
afterEach(() => bus.hangUp());
afterAll(() => bus.stop());

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
