/** Messages that the service can't take, and what they may cost others: time, but not nine minutes. */
import type { PubSubError } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

/** The service fails at each text that holds such a message. */
function failAt(bus: FakeBus, content: string, isSilent: boolean): void {
  const receive = bus.server.receive.bind(bus.server);
  bus.server.receive = (socket, text) => {
    if (!text.includes(`"${content}"`)) receive(socket, text);
    else if (!isSilent) socket.post({ message: 'Internal server error', connectionId: 'x', requestId: 'y' });
  };
}

/** How each ended, and after how many seconds. */
function outcomes(bus: FakeBus) {
  const ended: Record<string, { outcome: string; seconds: number }> = {};
  const start = bus.timers.now();
  const note = (name: string, receipt: Promise<unknown>): void => {
    const end = (outcome: string): void => {
      ended[name] = { outcome, seconds: (bus.timers.now() - start) / 1_000 };
    };
    receipt.then(
      () => {
        end('ok');
      },
      (error: unknown) => {
        end((error as PubSubError).code);
      },
    );
  };
  return { ended, note };
}

describe.each([
  ['fails each time', false],
  ['gets no answer', true],
])('a message whose text %s', (_, isSilent) => {
  test('does not fail others: those of its text and those that come later', async () => {
    const bus = new FakeBus();
    failAt(bus, 'bad', isSilent);
    const client = await bus.connected('a');
    const { ended, note } = outcomes(bus);
    note('first', client.channel('c').publish('first'));
    note('bad', client.channel('c').publish('bad'));
    note('beside', client.channel('d').publish('good'));
    await bus.timers.advance(60_000);
    note('later', client.channel('d').publish('later'));
    await bus.timers.advance(20_000);
    expect(ended).toMatchObject({
      first: { outcome: 'ok' },
      beside: { outcome: 'ok' },
      later: { outcome: 'ok' },
    });
    expect(ended.beside?.seconds).toBeLessThan(31);
    await bus.timers.advance(9 * 60_000);
    expect(ended.bad).toEqual({ outcome: 'unconfirmed', seconds: 540 });
  });

  test('is not overtaken in its channel', async () => {
    const bus = new FakeBus();
    failAt(bus, 'bad', isSilent);
    const client = await bus.connected('a');
    const { ended, note } = outcomes(bus);
    for (const content of ['first', 'bad']) note(content, client.channel('c').publish(content));
    await bus.timers.advance(60_000);
    note('after', client.channel('c').publish('after'));
    await bus.timers.advance(479_000);
    expect(Object.keys(ended)).toEqual(['first']);
    await bus.timers.advance(60_000);
    expect(ended).toMatchObject({ bad: { outcome: 'unconfirmed' }, after: { outcome: 'ok' } });
  });
});

test('a channel that is not available holds up no other one, and keeps its order', async () => {
  const bus = new FakeBus();
  let isAvailable = false;
  bus.server.script = ({ channel_id, type }) =>
    channel_id === 'hot' && type === 'message' && !isAvailable
      ? { type: 'ERROR', code: 'unavailable', error: 'not now' }
      : undefined;
  const client = await bus.connected('a');
  const { ended, note } = outcomes(bus);
  void client.channel('x').publish(0);
  const contents = Array.from({ length: 30 }, (_, index) => index);
  for (const content of contents) void client.channel('hot').publish(content);
  note('cold', client.channel('cold').publish(1));
  await bus.timers.advance(3_000);
  expect(ended).toMatchObject({ cold: { outcome: 'ok' } });
  isAvailable = true;
  await bus.timers.advance(30_000);
  expect(bus.server.log('hot').rows.map(({ message }) => message.content)).toEqual(contents);
});
