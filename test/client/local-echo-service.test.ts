/** The copy that the client makes of its own message, beside the one in the log of the service. */
import fc from 'fast-check';
import WebSocket from 'ws';
import { type Message, PubSub, type PublishOptions, type Receipt } from '../../clients/javascript/index';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';

const bus = useBus({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });

const id = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => /^[^\p{Cc}\p{Cs}]+$/u.test(text));
const json = fc.jsonValue({ maxDepth: 3 });
const own = fc.constantFrom(
  'own',
  'tenant_id',
  'agent_id',
  'sequence',
  'epoch',
  'replayed',
  'timestamp',
  '__proto__',
);
const timeless = fc.constantFrom('expires_at', 'timeout_ms', 'message_id', 'toString');
const options = fc.record(
  {
    metadata: fc.dictionary(fc.string(), json),
    type: fc.constantFrom('message', 'chat.line', 'reply'),
    correlationId: id,
    inReplyTo: id,
    traceparent: id,
    ephemeral: fc.constant(false),
    extra: fc.dictionary(fc.oneof(own, timeless), json),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<PublishOptions>;

test('the local copy equals the history copy', async () => {
  const token = () => bus.token({ tenant: fresh('t'), agent: 'alice' });
  const client = new PubSub({ url: bus.baseUrls.edge, token, WebSocket });
  const heard = new Map<number | undefined, Message>();
  const channel = client.channel('c');
  await channel.subscribe((message) => void heard.set(message.sequence, message));
  const before = bus.inside.gateway.costs().counts;
  let publishes = 0;
  await fc.assert(
    fc.asyncProperty(json, options, async (content, said) => {
      publishes += 1;
      const receipt: Receipt = await channel.publish(content, said);
      const { sequence, epoch } = receipt;
      const after = { epoch: epoch!, sequence: sequence! - 1 };
      const { value } = await channel.history({ after, limit: 1 }).next();
      await eventually(
        () => heard.get(sequence),
        (message) => message !== undefined,
      );
      expect({ ...heard.get(sequence), replayed: true }).toStrictEqual(value);
    }),
    { numRuns: Number(process.env.RUNS ?? 60) },
  );
  await client.close();
  // An ACK and a page of the log each, and no echo: also where a busy machine makes the client ask twice.
  const { messagesIn, messagesOut } = bus.inside.gateway.costs().counts;
  expect(messagesIn - before.messagesIn).toBeGreaterThanOrEqual(2 * publishes);
  expect(messagesOut - before.messagesOut).toBeLessThanOrEqual(messagesIn - before.messagesIn);
});
