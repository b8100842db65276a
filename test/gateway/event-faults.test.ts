/**
 * Faults that can be switched on: jitter, lost ends, peers that vanish. Every decision follows from a seed,
 * so each case is compared with a second run of the same seed or of another one.
 */
import { EventFaults } from '../../gateway/faults/event-faults';
import { eventually } from '../helpers/eventually';
import { accept, recording } from './helpers/assembly';
import { call, connect, type TestClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';
import type { FaultSettings } from '../../gateway';

afterEach(stopAll);

const echo = `exports.handler = async ({ body }) => {
  console.log('start ' + body);
  return { statusCode: 200, body };
};`;
const messages = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** Less than the ten minutes after which a silent connection ends. */
const maxDelayMs = 500_000;

/** Sends the eight messages and moves the clock from one delay to the next, in the order that the seed foretells. */
async function underJitter(
  kind: 'startDelayMs' | 'replyDelayMs',
  seed: number,
  arrival: (running: Running, client: TestClient) => Promise<string>,
): Promise<{ foretold: string[]; found: string[] }> {
  const faults = { seed, message: { [kind]: maxDelayMs } };
  const running = await run(
    { functions: { Connect: accept, Default: echo }, twoWay: ['$default'] },
    { faults },
  );
  const client = await connect(running.url);
  for (const message of messages) client.send(message);
  // A pong says that the gateway has read them all.
  const pong = new Promise((resolve) => client.socket.once('pong', resolve));
  client.socket.ping();
  await pong;
  if (kind === 'replyDelayMs')
    for (const message of messages) await running.recorder.line(`start ${message}`);
  const plan = new EventFaults(faults);
  const due = messages
    .map((message) => ({ message, at: plan.message()[kind] }))
    .sort((one, other) => one.at - other.at);
  const found: string[] = [];
  await running.gateway.clock.advance(0);
  let now = 0;
  for (const { at } of due) {
    await running.gateway.clock.advance(Math.ceil(at - now));
    now = at;
    found.push(await arrival(running, client));
  }
  return { foretold: due.map(({ message }) => message), found };
}

const nextStart = async ({ recorder }: Running, count: number): Promise<string> => {
  const starts = () => recorder.entries.filter(({ text }) => text.startsWith('start '));
  await recorder.entry(() => starts().length >= count);
  expect(starts()).toHaveLength(count);
  return starts().at(-1)!.text.at(-1)!;
};

test('GW-42 the delays of the jitter depend on seed, kind and number of the event only', () => {
  const settings = { startDelayMs: 100, replyDelayMs: 50 };
  const plan = (seed: number): EventFaults => new EventFaults({ seed, connect: settings, message: settings });
  const fates = (seed: number, kind: 'connect' | 'message'): object[] => {
    const chosen = plan(seed);
    return Array.from({ length: 50 }, () => chosen[kind]());
  };
  expect(fates(1, 'message')).toEqual(fates(1, 'message'));
  expect(fates(1, 'message')).not.toEqual(fates(2, 'message'));
  expect(fates(1, 'message')).not.toEqual(fates(1, 'connect'));
  const mixed = plan(1);
  const between = Array.from({ length: 50 }, () => (mixed.connect(), mixed.disconnect(), mixed.message()));
  expect(between).toEqual(fates(1, 'message'));
  for (const { startDelayMs, replyDelayMs, runs } of between) {
    expect(startDelayMs).toBeLessThan(100);
    expect(replyDelayMs).toBeLessThan(50);
    expect(runs).toBe(1);
  }
  expect(new Set(between.map(({ startDelayMs }) => startDelayMs)).size).toBe(50);
});

// The seeds are ones whose delays lie at least 18 seconds apart, so that a slow machine cannot change the order.
test.each([9, 42, 53])('GW-42 with the seed %i messages start in the order of their delays', async (seed) => {
  let count = 0;
  const { foretold, found } = await underJitter('startDelayMs', seed, (running) =>
    nextStart(running, (count += 1)),
  );
  expect(found).toEqual(foretold);
  expect(found).not.toEqual(messages);
});

test('GW-42 replies come in the order of their delays', async () => {
  const { foretold, found } = await underJitter('replyDelayMs', 27, (_, client) => client.next());
  expect(found).toEqual(foretold);
  expect(found).not.toEqual(messages);
});

test('GW-42 $connect is delayed as well: before it starts and before its 101', async () => {
  const faults = { connect: { startDelayMs: 400, replyDelayMs: 400 } };
  const { url, recorder } = await run({ functions: { Connect: recording() } }, { faults });
  const { startDelayMs, replyDelayMs } = new EventFaults(faults).connect();
  const begun = performance.now();
  const opened = connect(url).then(() => performance.now() - begun);
  await recorder.event('Connect');
  expect(performance.now() - begun).toBeGreaterThanOrEqual(startDelayMs - 1);
  expect(await opened).toBeGreaterThanOrEqual(startDelayMs + replyDelayMs - 2);
});

test('GW-59 the given share of DISCONNECT events is lost, by seed', () => {
  const lost = (seed: number, lose: number): number[] => {
    const plan = new EventFaults({ seed, disconnect: { lose } });
    return Array.from({ length: 1_000 }, (_, index) => index).filter(() => plan.disconnect().runs === 0);
  };
  expect(lost(1, 0)).toEqual([]);
  expect(lost(1, 1)).toHaveLength(1_000);
  expect(lost(1, 0.3).length).toBeGreaterThan(240);
  expect(lost(1, 0.3).length).toBeLessThan(360);
  expect(lost(1, 0.3)).toEqual(lost(1, 0.3));
  expect(lost(1, 0.3)).not.toEqual(lost(2, 0.3));
});

test.each([
  ['a share over 1', { disconnect: { lose: 1.5 } }, 'disconnect.lose cannot be 1.5'],
  ['a negative delay', { message: { startDelayMs: -1 } }, 'message.startDelayMs cannot be -1'],
  ['another word', { vanish: { posts: 'maybe' as 'hang' } }, 'vanish.posts cannot be maybe'],
])('GW-59 %s is refused', (_, faults: FaultSettings, message) => {
  expect(() => new EventFaults(faults)).toThrow(message);
});

describe('GW-71 a peer that vanishes', () => {
  const vanishing = (vanish: FaultSettings['vanish']): Promise<Running> =>
    run(
      { functions: { Connect: accept, Default: recording(), Disconnect: recording() } },
      { faults: { vanish: { share: 1, ...vanish } } },
    );

  /** Connects, cuts the socket without a word, and waits until the gateway has the cut behind it. */
  async function vanished(running: Running): Promise<string> {
    const client = await connect(running.url);
    const { connectionId } = running.gateway.connections()[0]!;
    client.socket.terminate();
    await eventually(
      () => running.gateway.connections(),
      ([connection]) => connection?.vanished === true,
    );
    return running.connectionUrl(connectionId);
  }

  test('GW-71 POST is answered with 200 for a while, then with 410; DISCONNECT waits for the idle timer', async () => {
    const running = await vanishing({ goneAfterMs: 60_000 });
    const { gateway, recorder } = running;
    const url = await vanished(running);
    const post = async (): Promise<number> => (await call('POST', url, { body: 'x' })).status;
    expect(await post()).toBe(200);
    await gateway.clock.advance(59_000);
    expect(await post()).toBe(200);
    await gateway.clock.advance(1_000);
    expect(await post()).toBe(410);
    expect((await call('GET', url)).status).toBe(410);
    // The accepted POST counts as a message: the ten minutes began with it.
    await gateway.clock.advance(598_000);
    expect(recorder.events('Disconnect')).toEqual([]);
    expect(gateway.connections()).toHaveLength(1);
    await gateway.clock.advance(1_000);
    expect((await recorder.event('Disconnect')).requestContext).toMatchObject({
      disconnectStatusCode: 1001,
      disconnectReason: 'Going away',
    });
    expect(gateway.connections()).toEqual([]);
  });

  test('GW-71 a POST may hang instead', async () => {
    const running = await vanishing({ posts: 'hang', goneAfterMs: 60_000 });
    const url = await vanished(running);
    expect((await call('GET', url)).status).toBe(200);
    const Authorization = 'AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/execute-api/aws4_request';
    const hanging = fetch(url, {
      method: 'POST',
      body: 'x',
      headers: { Authorization },
      signal: AbortSignal.timeout(200),
    });
    await expect(hanging).rejects.toMatchObject({ name: 'TimeoutError' });
    await running.gateway.clock.advance(60_000);
    expect((await call('POST', url, { body: 'x' })).status).toBe(410);
  });

  test('GW-71 busy with posts it ends after two hours; DELETE ends it at once', async () => {
    const running = await vanishing({ goneAfterMs: 10_000_000 });
    const { gateway, recorder } = running;
    const url = await vanished(running);
    for (let elapsed = 0; elapsed < 7_000_000; elapsed += 500_000) {
      await gateway.clock.advance(500_000);
      expect((await call('POST', url, { body: 'x' })).status).toBe(200);
    }
    expect(recorder.events('Disconnect')).toEqual([]);
    await gateway.clock.advance(200_000);
    expect((await recorder.event('Disconnect')).requestContext.disconnectStatusCode).toBe(1001);
    const other = await vanished(running);
    expect((await call('DELETE', other)).status).toBe(204);
    expect((await recorder.event('Disconnect', 2)).requestContext.disconnectStatusCode).toBe(1000);
  });

  test('GW-71 a proper close is noticed all the same, and so is a cut when the switch is off', async () => {
    const running = await vanishing({});
    (await connect(running.url)).socket.close(1000);
    expect((await running.recorder.event('Disconnect')).requestContext.disconnectStatusCode).toBe(1000);
    running.gateway.faults.vanish.share = 0;
    (await connect(running.url)).socket.terminate();
    expect((await running.recorder.event('Disconnect', 2)).requestContext.disconnectStatusCode).toBe(1006);
  });
});
