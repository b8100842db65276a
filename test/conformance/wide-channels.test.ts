/**
 * Conformance of MSG-3 on a wide channel: a deployment whose publishers serve two receivers and leave the rest to workers, with and
 * without faults at the start of a worker.
 */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const subscribers = 8;
const withSettings = needs('settings');

const bus = useBus({ settings: { ownReceivers: 2 }, faultPlan: {} });
beforeAll(() => warmUp(bus));

async function connectAll(level: 0 | 1): Promise<TestClient[]> {
  const tenant = fresh('tenant');
  const connecting = Array.from({ length: subscribers }, (_, index) =>
    bus.connect({ tenant, agent: `agent-${index}` }, { channel: 'news', level }),
  );
  return Promise.all(connecting);
}

withSettings(
  'MSG-3 everybody on a wide channel gets each message exactly once, the sender after its ACK',
  async () => {
    const clients = await connectAll(0);
    const ids = ['m1', 'm2', 'm3'];
    for (const id of ids) {
      expect(await clients[0]!.request({ id, content: id })).toMatchObject({
        type: 'ACK',
        status: 'accepted',
      });
      await Promise.all(clients.map((client) => client.nextMessage({ id })));
    }
    for (const client of clients) expect(client.messageIds).toEqual(ids);
    const { functions } = bus.inside.gateway.costs().counts;
    const worker = Object.entries(functions).find(([name]) => name.includes('FanOutFunction'))?.[1];
    // All but the two that the publisher's function serves, and the sender, wherever it stands.
    expect(worker?.posts).toBeGreaterThanOrEqual(ids.length * (subscribers - 3));
  },
);

withSettings(
  'ACK-2 a worker that is lost costs no ACK, and the log has the message for those who missed it',
  async () => {
    const clients = await connectAll(1);
    bus.inside.gateway.faultPlan!.replace({
      rules: [{ service: 'lambda', operation: 'Invoke', fault: 'error', when: 'before' }],
    });
    const [sender] = clients;
    expect(await sender!.request({ id: 'm1', content: 'lost' })).toMatchObject({ type: 'ACK', sequence: 1 });
    await eventually(
      () => bus.inside.gateway.faultPlan!.report().counts[0]!.fired,
      (fired) => fired === 1,
    );
    bus.inside.gateway.faultPlan!.replace({});
    expect(await sender!.request({ id: 'm2', content: 'live' })).toMatchObject({ type: 'ACK', sequence: 2 });
    for (const client of clients) {
      await client.nextMessage({ id: 'm2' });
      const history = await client.request({
        type: 'history',
        id: 'h',
        channel_id: 'news',
      });
      expect(history.messages).toMatchObject([{ id: 'm1' }, { id: 'm2' }]);
    }
    // Somebody did miss it.
    expect(clients.filter(({ messageIds }) => !messageIds.includes('m1')).length).toBeGreaterThan(0);
  },
);
