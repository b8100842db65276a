/** The original client's names, on a fake service. */
import { ArtCafeWebSocketClient } from '../../clients/javascript/original';
import { FakeBus } from '../helpers/fake-bus';

test('connecting twice at once leaves one connection, and none after disconnect', async () => {
  const bus = new FakeBus();
  const { WebSocket } = bus.server;
  const client = new ArtCafeWebSocketClient('wss://bus', () => 'a', null, { WebSocket });
  const [first, second] = await bus.during(Promise.allSettled([client.connect(), client.connect()]));
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
  expect(second.status).toBe('fulfilled');
  expect(bus.server.sockets.size).toBe(1);
  await bus.during(client.disconnect());
  await bus.timers.advance(10);
  expect(bus.server.sockets.size).toBe(0);
});
