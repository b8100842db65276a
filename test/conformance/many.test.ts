/**
 * Conformance of MSG-3 in breadth: many agents on one channel, each message exactly once to each of them.
 * `npx tsx test/load/thousand.ts` is the larger run, with figures.
 */
import { fresh } from '../helpers/bus';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { wasServed } from '../helpers/was-served';

const subscribers = 200;
const messages = 5;
const connectConcurrency = 20;
const maxAttempts = 20;

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
  const served: string[] = [];
  for (let attempt = 0; served.length < messages && attempt < maxAttempts; attempt++) {
    const id = fresh('m');
    expect(await sender.request({ id, content: id })).toMatchObject({ type: 'ACK' });
    if (!(await wasServed(bus, id))) continue;
    await Promise.all(clients.map((client) => client.nextMessage({ id })));
    served.push(id);
  }

  expect(served).toHaveLength(messages);
  for (const client of clients) {
    expect(client.messageIds.filter((id) => served.includes(String(id)))).toEqual(served);
    expect(new Set(client.messageIds).size).toBe(client.messageIds.length);
  }
});
