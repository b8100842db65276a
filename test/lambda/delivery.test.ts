/** How the platform's answers are understood, and what is tried again. */
import { Deadline } from '../../lambda/shared/deadline';
import { classifyFailure, type DeliveryOutcome, isWorthRetrying } from '../../lambda/shared/delivery-outcome';
import { RetryBudget, RetryingSender } from '../../lambda/delivery/retrying-sender';
import { FakeClock, FakeSockets } from './world';

test.each<[number | undefined, string | undefined, string | undefined, DeliveryOutcome]>([
  [410, 'GoneException', undefined, 'gone'],
  [410, undefined, undefined, 'gone'],
  [undefined, 'GoneException', undefined, 'gone'],
  [429, 'LimitExceededException', undefined, 'throttled'],
  [429, 'TooManyRequestsException', undefined, 'throttled'],
  [500, 'InternalServerError', undefined, 'failed'],
  [503, undefined, undefined, 'failed'],
  [504, undefined, undefined, 'failed'],
  [400, 'BadRequestException', undefined, 'refused'],
  [403, 'ForbiddenException', undefined, 'refused'],
  [413, 'PayloadTooLargeException', undefined, 'refused'],
  [undefined, 'Error', 'ECONNRESET', 'failed'],
  [undefined, 'Error', 'EPIPE', 'failed'],
  [undefined, 'Error', 'ECONNREFUSED', 'failed'],
  [undefined, 'AbortError', undefined, 'lost'],
  [undefined, 'TimeoutError', 'ETIMEDOUT', 'lost'],
  [undefined, undefined, undefined, 'lost'],
])('status %s, name %s, system code %s: %s', (httpStatus, name, systemCode, expected) => {
  expect(classifyFailure({ httpStatus, name, systemCode })).toBe(expected);
});

describe('RetryingSender', () => {
  const create = (outcomes: DeliveryOutcome[], budget?: RetryBudget, timeMs = 4_000) => {
    const clock = new FakeClock();
    const sockets = new FakeSockets();
    sockets.scripted.set('a', outcomes);
    return {
      clock,
      sockets,
      sender: new RetryingSender(sockets, clock, new Deadline(clock, clock.time + timeMs), budget),
    };
  };

  test.each<DeliveryOutcome>(['throttled', 'failed'])(
    'tries again after %s, with growing pauses',
    async (outcome) => {
      const { sender, sockets, clock } = create([outcome, outcome, outcome]);
      expect(isWorthRetrying(outcome)).toBe(true);
      expect(await sender.post('a', '{}')).toBe('delivered');
      expect(sockets.of('a')).toHaveLength(1);
      expect(clock.slept).toEqual([50, 100, 200]);
    },
  );

  test('gives up after four attempts', async () => {
    const { sender, sockets } = create(['failed', 'failed', 'failed', 'failed']);
    expect(await sender.post('a', '{}')).toBe('failed');
    expect(sockets.of('a')).toEqual([]);
  });

  test.each<DeliveryOutcome>(['gone', 'lost', 'refused'])('does not try again after %s', async (outcome) => {
    const { sender, sockets } = create([outcome]);
    expect(await sender.post('a', '{}')).toBe(outcome);
    expect(sockets.of('a')).toEqual([]);
  });

  test('does not begin a pause that ends after the deadline', async () => {
    const { sender, clock } = create(['throttled'], undefined, 40);
    expect(await sender.post('a', '{}')).toBe('throttled');
    expect(clock.slept).toEqual([]);
  });

  test('spends no more than the budget, however many posts fail', async () => {
    const budget = new RetryBudget();
    const { sender, clock } = create(Array<DeliveryOutcome>(5_000).fill('throttled'), budget, 1e9);
    for (let n = 0; n < 500; n++) await sender.post('a', '{}');
    expect(clock.slept.length).toBeGreaterThanOrEqual(50);
    expect(clock.slept.length).toBeLessThanOrEqual(101);
  });

  /** 250 posts side by side, of which 200 have a place; the time is over when the first of them ends. */
  const crowd = async (post: (sender: RetryingSender, id: string) => Promise<DeliveryOutcome | 'late'>) => {
    const clock = new FakeClock();
    const sockets = new FakeSockets();
    const sender = new RetryingSender(
      {
        post: async (connectionId, text) => {
          await sockets.post(connectionId, text);
          clock.time += 3_000;
          return 'delivered';
        },
        status: () => Promise.resolve('open'),
      },
      clock,
      new Deadline(clock, clock.time + 2_000),
    );
    const outcomes = await Promise.all(Array.from({ length: 250 }, (_, index) => post(sender, `c${index}`)));
    return { outcomes, posted: sockets.posts.length };
  };

  test('what waited for its turn until the deadline is late, and not sent', async () => {
    const { outcomes, posted } = await crowd((sender, id) => sender.postInTime(id, '{}'));
    expect(posted).toBe(200);
    expect(outcomes.filter((outcome) => outcome === 'late')).toHaveLength(50);
  });

  test('an answer is sent all the same', async () => {
    const { outcomes, posted } = await crowd((sender, id) => sender.post(id, '{}'));
    expect(posted).toBe(250);
    expect(new Set(outcomes)).toEqual(new Set(['delivered']));
  });
});
