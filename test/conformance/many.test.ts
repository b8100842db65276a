/**
 * Conformance of MSG-3 in breadth: many agents on one channel, each message exactly once to each of them.
 * `npx tsx test/load/thousand.ts` is the larger run, with figures.
 */
import { fresh } from '../helpers/bus';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const subscribers = 200;
const messages = 5;
const connectConcurrency = 20;

const bus = useBus();

test(`MSG-3 ${subscribers} agents get each of ${messages} messages exactly once, the sender included`, async () => {
  const tenant = fresh('tenant');
  const clients: TestClient[] = [];
  for (let start = 0; start < subscribers; start += connectConcurrency) {
    const indexes = Array.from({ length: connectConcurrency }, (_, offset) => start + offset);
    const connecting = indexes.map((index) => {
      const base = index % 2 === 0 ? 'api' : 'edge';
      return bus.connect({ tenant, agent: `agent-${index}` }, { channel: 'news', base });
    });
    clients.push(...(await Promise.all(connecting)));
  }
  const sender = clients[0]!;
  const ids = Array.from({ length: messages }, (_, index) => `m${index}`);

  for (const id of ids) {
    expect(await sender.request({ id, content: id })).toMatchObject({ type: 'ACK' });
    await Promise.all(clients.map((client) => client.nextMessage({ id })));
  }

  for (const client of clients) expect(client.messageIds).toEqual(ids);
});
