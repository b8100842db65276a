/** What every RateCounter promises, as cases over a factory. */
import { randomUUID } from 'node:crypto';
import type { RateCounter } from '../../lambda/shared/ports';
import { agentRateSubject, tenantRateSubject } from '../../lambda/shared/subjects';

const start = 1_790_000_000_000;
const ceiling = start + 60_000;

export function rateCounterSuite(create: () => RateCounter): void {
  let counter: RateCounter;
  let subject: string;

  beforeEach(() => {
    counter = create();
    subject = tenantRateSubject(randomUUID());
  });

  test.each([true, false])('starts at the floor, whatever the guess (%s)', async (isIdle) => {
    expect(await counter.add(subject, { usedMs: 20.5, floor: start, ceiling, isIdle: isIdle })).toBe(
      start + 20.5,
    );
  });

  test.each([true, false])(
    'adds up while the floor is behind it, whatever the guess (%s)',
    async (isIdle) => {
      await counter.add(subject, { usedMs: 500, floor: start, ceiling, isIdle: true });
      expect(await counter.add(subject, { usedMs: 20, floor: start + 400, ceiling, isIdle: isIdle })).toBe(
        start + 520,
      );
      expect(await counter.add(subject, { usedMs: 1, floor: start + 520, ceiling, isIdle: isIdle })).toBe(
        start + 521,
      );
    },
  );

  test.each([true, false])('forgets time that was not used, whatever the guess (%s)', async (isIdle) => {
    await counter.add(subject, { usedMs: 500, floor: start, ceiling, isIdle: true });
    expect(await counter.add(subject, { usedMs: 20, floor: start + 9_000, ceiling, isIdle: isIdle })).toBe(
      start + 9_020,
    );
  });

  test.each([true, false])(
    'rests when it is ahead of the ceiling, whatever the guess (%s)',
    async (isIdle) => {
      const wrongClock = { usedMs: 500, floor: start + 240_000, ceiling: start + 300_000, isIdle: true };
      await counter.add(subject, wrongClock);
      expect(await counter.add(subject, { usedMs: 20, floor: start, ceiling, isIdle: isIdle })).toBe(
        start + 20,
      );
    },
  );

  test('tells what is used up, and 0 of a subject that it does not know', async () => {
    expect(await counter.usedUntil(subject)).toBe(0);
    await counter.add(subject, { usedMs: 20, floor: start, ceiling, isIdle: true });
    expect(await counter.usedUntil(subject)).toBe(start + 20);
  });

  test('loses nothing when many count at once', async () => {
    const floor = start;
    const adds = Array.from({ length: 20 }, (_, n) =>
      counter.add(subject, { usedMs: 10, floor, ceiling, isIdle: n % 2 === 0 }),
    );
    const answers = await Promise.all(adds);
    expect(Math.max(...answers)).toBe(start + 200);
  });

  test('keeps agents and tenants apart', async () => {
    const tenant = randomUUID();
    const use = { usedMs: 10, floor: start, ceiling, isIdle: true };
    for (const each of [
      tenantRateSubject(tenant),
      agentRateSubject(tenant, 'tenant'),
      agentRateSubject(tenant, 'other/tenant'),
      agentRateSubject(`${tenant}/rate`, 'tenant'),
    ]) {
      expect(await counter.add(each, use)).toBe(start + 10);
    }
  });
}
