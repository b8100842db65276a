/** A connection that the service does not know any more: the client opens another one, and what was asked is answered there. */
import type { Message, PubSub } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

const goAway = { type: 'GOAWAY', code: 'state_lost', reason: 'not known', reconnect: true };
const unavailable = { type: 'ERROR', code: 'unavailable', error: 'not known', retry_after_ms: 500 };

/** A client whose first connection gets the answer of a service that took it for gone. */
async function lost(): Promise<{ bus: FakeBus; client: PubSub; states: string[] }> {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const first = bus.socketOf('a');
  const states: string[] = [];
  client.on('state', ({ state }) => states.push(state));
  bus.server.script = (frame, socket) => {
    if (socket !== first || !['subscribe', 'presence'].includes(String(frame.type))) return undefined;
    queueMicrotask(() => {
      socket.post(goAway);
    });
    return unavailable;
  };
  return { bus, client, states };
}

test('a subscription that is refused so is there on the next connection', async () => {
  const { bus, client, states } = await lost();
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe(({ content }: Message) => heard.push(content)));
  await bus.timers.advance(10_000);
  bus.server.publish('c', 1);
  await bus.timers.advance(100);
  expect(heard).toEqual([1]);
  expect([bus.server.handshakes, bus.server.sockets.size, states]).toEqual([2, 1, []]);
});

test('what an agent says is said on the next connection', async () => {
  const { bus, client, states } = await lost();
  await bus.during(client.presence.set({ status: 'busy' }));
  await bus.timers.advance(10_000);
  expect([bus.server.handshakes, bus.server.sockets.size, states]).toEqual([2, 1, []]);
});

test('a hello that is refused so is said again on another connection', async () => {
  const bus = new FakeBus();
  let hellos = 0;
  bus.server.script = (frame, socket) => {
    if (frame.type !== 'hello' || ++hellos > 1) return undefined;
    queueMicrotask(() => {
      socket.post(goAway);
    });
    return unavailable;
  };
  const client = await bus.connected('a');
  expect(client.state).toBe('connected');
  expect([hellos, bus.server.handshakes, bus.server.sockets.size]).toEqual([2, 2, 1]);
});
