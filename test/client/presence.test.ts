/** What an agent says about itself, and what a watcher is sure to hear. */
import { FakeBus } from '../helpers/fake-bus';

let bus: FakeBus;
/** How the other agent stands. */
let other: { status: string; version: number };
let refusal: string | undefined;

beforeEach(() => {
  bus = new FakeBus();
  other = { status: 'online', version: 1 };
  refusal = undefined;
  bus.server.script = ({ type }) => {
    if (type !== 'presence') return undefined;
    if (refusal !== undefined) return { type: 'ERROR', code: refusal, error: 'not now' };
    return { type: 'PRESENCE', agents: [{ agent_id: 'b', capabilities: [], ...other }] };
  };
});

test.each([{ type: 'robot' }, { owner: 10n }])(
  'fields that nobody knows are not sent: %p',
  async (fields) => {
    const presence = { status: 'busy', ...fields };
    const client = await bus.connected('a', { presence });
    await bus.during(client.presence.set(presence));
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(60_000);
    const hello = { resume: expect.anything() as unknown, client: expect.anything() as unknown };
    const known = { id: expect.any(String) as unknown, type: 'hello', status: 'busy', ...hello };
    expect(bus.server.frames('hello')).toEqual([known, known]);
    expect(client.state).toBe('connected');
  },
);

test('what the user changes later in its list of capabilities is not said', async () => {
  const [first, second] = [['translate'], ['sing']];
  const client = await bus.connected('a', { presence: { capabilities: first } });
  first.push('x'.repeat(65));
  const cut = async (): Promise<void> => {
    bus.server.cut(bus.socketOf('a'));
    await bus.timers.advance(60_000);
  };
  await cut();
  await bus.during(client.presence.set({ capabilities: second }));
  second.push('x'.repeat(65));
  await cut();
  expect(bus.server.frames('hello').map(({ capabilities }) => capabilities)).toEqual([
    ['translate'],
    ['translate'],
    ['sing'],
  ]);
});

describe('after a drop', () => {
  async function watcher() {
    const client = await bus.connected('a');
    const heard: string[] = [];
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const subscription = await bus.during(
      client.presence.subscribe(({ status }) => {
        heard.push(status);
      }),
    );
    bus.server.cut(bus.socketOf('a'));
    return { client, heard, errors, subscription };
  }

  test('nothing reaches a handler that has left while the service was asked', async () => {
    const { client, heard, subscription } = await watcher();
    other = { status: 'away', version: 2 };
    client.on('state', ({ state }) => {
      if (state === 'connected') subscription.unsubscribe();
    });
    await bus.timers.advance(60_000);
    expect(bus.server.frames('presence')).toHaveLength(2);
    expect(heard).toEqual(['online']);
  });

  test('the last word is right, also when the service could not say it at first', async () => {
    const { heard, errors } = await watcher();
    other = { status: 'offline', version: 2 };
    refusal = 'rate_limited';
    await bus.timers.advance(300_000);
    refusal = undefined;
    await bus.timers.advance(60_000);
    expect(heard).toEqual(['online', 'offline']);
    const asked = bus.server.frames('presence').length;
    await bus.timers.advance(600_000);
    expect(bus.server.frames('presence')).toHaveLength(asked);
    expect(errors).toEqual([]);
  });

  test('a watcher that may not ask any more is told so', async () => {
    const { errors } = await watcher();
    refusal = 'forbidden';
    await bus.timers.advance(60_000);
    expect(errors).toMatchObject([{ code: 'forbidden' }]);
  });

  test('a client that is closed meanwhile has no error', async () => {
    const { client, errors } = await watcher();
    refusal = 'rate_limited';
    await bus.timers.advance(3_000);
    await bus.during(client.close());
    await bus.timers.advance(60_000);
    expect(errors).toEqual([]);
  });
});
