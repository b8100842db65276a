import { backoffMs } from '../../clients/javascript/shared/backoff';
import { CursorWriter } from '../../clients/javascript/reading/cursor-writer';
import { PubSubError, wantsToken } from '../../clients/javascript/shared/errors';
import type { LoggedMessage } from '../../clients/javascript/reading/feed';
import { Heartbeat } from '../../clients/javascript/connection/heartbeat';
import { readFrames, readMessage } from '../../clients/javascript/shared/messages';
import { replaceInMs } from '../../clients/javascript/connection/replacement';
import { statusIn } from '../../clients/javascript/connection/platform';
import { nextState, type State, type Transition } from '../../clients/javascript/shared/state';
import { codes } from '../../protocol/codes';
import { FakeTimers, settled } from '../helpers/fake-timers';
import { connectUrl } from '../../clients/javascript/connection/token';

describe('states', () => {
  test.each<[State, Transition, State | undefined]>([
    ['disconnected', 'connect', 'connecting'],
    ['disconnected', 'lost', undefined],
    ['connecting', 'welcomed', 'connected'],
    ['connecting', 'connect', undefined],
    ['connecting', 'lost', undefined],
    ['connected', 'lost', 'connecting'],
    ['connected', 'welcomed', undefined],
    ['connected', 'closed', 'closed'],
    ['closed', 'connect', undefined],
    ['closed', 'closed', undefined],
  ])('%s, %s: %s', (state, event, next) => {
    expect(nextState(state, event)).toBe(next);
  });
});

describe('back-off', () => {
  test('is anything up to a bound that doubles to a cap', () => {
    const bounds = [0, 1, 2, 3, 10, 10_000].map((attempt) => backoffMs(attempt, { random: () => 1 }));
    expect(bounds).toEqual([1_000, 2_000, 4_000, 8_000, 30_000, 30_000]);
    expect(backoffMs(5, { random: () => 0 })).toBe(0);
    expect(backoffMs(1, { random: () => 0.5 }, { baseMs: 10, capMs: 15 })).toBe(7.5);
  });

  test('spreads a herd evenly', () => {
    const timers = new FakeTimers(7);
    const waits = Array.from({ length: 1_000 }, () => backoffMs(5, timers));
    const perSecond = Array.from(
      { length: 30 },
      (_, second) => waits.filter((ms) => Math.floor(ms / 1_000) === second).length,
    );
    expect(Math.max(...perSecond)).toBeLessThan(60);
    expect(Math.min(...perSecond)).toBeGreaterThan(10);
  });
});

describe('replacement', () => {
  const hours = (ms: number): number => ms / 3_600_000;

  test('comes ten to twenty minutes before the two hours are over', () => {
    expect(hours(replaceInMs(undefined, 0))).toBeCloseTo(2 - 1 / 6);
    expect(hours(replaceInMs(undefined, 1))).toBeCloseTo(2 - 1 / 3);
  });

  test('comes before the token expires, at the latest a fifth of its life', () => {
    expect(replaceInMs(1_000_000, 0)).toBe(940_000);
    expect(replaceInMs(60_000, 0)).toBe(48_000);
  });

  test('never spins', () => {
    expect(replaceInMs(10, 1)).toBe(5_000);
  });
});

describe('heartbeat', () => {
  function world() {
    const timers = new FakeTimers();
    const pings: number[] = [];
    const began = timers.now();
    let isUrgent = false;
    const heartbeat = new Heartbeat(
      timers,
      () => isUrgent,
      () => pings.push((timers.now() - began) / 1_000),
    );
    heartbeat.start();
    const hurry = (value: boolean): void => {
      isUrgent = value;
    };
    return { timers, pings, hurry };
  }

  test('pings every nine minutes', async () => {
    const { timers, pings } = world();
    await timers.advance(1_620_000);
    expect(pings).toEqual([540, 1_080, 1_620]);
  });

  test('pings every 30 s while something is open, and rests again', async () => {
    const { timers, pings, hurry } = world();
    await timers.advance(100_000);
    hurry(true);
    await timers.advance(70_000);
    expect(pings).toEqual([120, 150]);
    hurry(false);
    await timers.advance(600_000);
    expect(pings).toEqual([120, 150, 690]);
  });

  test('does not ping for what has settled by then', async () => {
    const { timers, pings, hurry } = world();
    hurry(true);
    hurry(false);
    await timers.advance(539_000);
    expect(pings).toEqual([]);
  });
});

describe('tokens and URLs', () => {
  test('the URL is that of the protocol, with the token encoded', () => {
    expect(connectUrl('wss://host/v1/', 'a+b&c', true)).toBe('wss://host/v1/ws?token=a%2Bb%26c');
    expect(connectUrl('wss://host', 't', false)).toBe('wss://host/ws?token=t&echo=false');
  });

  test('reads the status out of what ws says', () => {
    expect(statusIn('Unexpected server response: 401')).toBe(401);
    expect(statusIn('connect ECONNREFUSED 127.0.0.1:401')).toBe(0);
    expect(statusIn('connect ENETUNREACH 2001:db8:403::1:443 - Local (:::0)')).toBe(0);
    expect(statusIn(undefined)).toBe(0);
  });
});

test('errors know whether the same call may succeed later', () => {
  expect(new PubSubError('unavailable')).toMatchObject({ retryable: true, message: 'unavailable' });
  for (const [code, { retry }] of Object.entries(codes)) {
    const { retryable } = new PubSubError(code);
    expect({ code, retryable }).toEqual({ code, retryable: retry === 'after-delay' });
    expect({ code, wants: wantsToken(code) }).toEqual({ code, wants: retry === 'new-token' });
  }
  expect(new PubSubError('forbidden', 'no')).toMatchObject({
    retryable: false,
    message: 'no',
    name: 'PubSubError',
  });
  expect(new PubSubError('closed', undefined, { cause: 1 })).toMatchObject({ retryable: false, cause: 1 });
});

test('frames are read from one object or an array, and from nothing else', () => {
  expect(readFrames('{"type":"ACK"}')).toEqual([{ type: 'ACK' }]);
  expect(readFrames('[{"a":1},{"b":2},null,3]')).toEqual([{ a: 1 }, { b: 2 }]);
  expect(readFrames('not json')).toEqual([]);
});

test('a message has the user’s own fields beside the known ones', () => {
  const message = readMessage({
    id: 'i',
    type: 'chat',
    content: null,
    agent_id: 'a',
    tenant_id: 't',
    colour: 'red',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    sequence: 4,
    epoch: 'e',
  });
  expect(message).toMatchObject({
    id: 'i',
    type: 'chat',
    content: null,
    agentId: 'a',
    sequence: 4,
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    extra: { colour: 'red' },
  });
  expect(message.metadata).toEqual({});
});

describe('cursor writer', () => {
  const message = (sequence: number): LoggedMessage =>
    readMessage({ id: 'i', sequence, epoch: 'e' }) as LoggedMessage;

  test('moves behind what all readers are through with', async () => {
    const saved: number[] = [];
    const writer = new CursorWriter(({ sequence }) => void saved.push(sequence), fail);
    const [one, two] = [message(1), message(2)];
    writer.expect(one, 2);
    writer.expect(two, 1);
    writer.reached(two);
    writer.done(two);
    writer.done(one);
    await settled();
    expect(saved).toEqual([0]);
    writer.done(one);
    await settled();
    expect(saved).toEqual([0, 2]);
  });

  test('writes one at a time, the newest last, and goes on after a failure', async () => {
    const saved: number[] = [];
    const failures: unknown[] = [];
    const writer = new CursorWriter(
      async ({ sequence }) => {
        saved.push(sequence);
        await settled();
        if (sequence === 1) throw new Error('disk full');
      },
      (error) => failures.push(error),
    );
    for (const sequence of [1, 2, 3]) writer.reached({ epoch: 'e', sequence });
    for (let turn = 0; turn < 5; turn++) await settled();
    expect(saved).toEqual([1, 3]);
    expect(failures).toHaveLength(1);
  });
});

function fail(error: unknown): void {
  throw error as Error;
}
