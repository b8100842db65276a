/** Time by the platform's word: what a function writes and decides when its machine's clock is wrong. */
import { PlatformClock } from '../../lambda/shared/platform-clock';
import { FakeClock } from './world';

/** A machine whose time of day is wrong, and jumps. */
class WrongClock extends FakeClock {
  skewMs = 0;

  override now(): number {
    return this.time + this.skewMs;
  }
}

test.each([-300_000, 300_000])('an event %d ms off is handled at the time that it names', (skewMs) => {
  const machine = new WrongClock();
  const clock = new PlatformClock(machine);
  machine.skewMs = skewMs;
  machine.time += 10_000;
  clock.startEvent(machine.time - 25);
  expect(clock.now()).toBe(machine.time - 25);
  machine.time += 1_500;
  machine.skewMs = -skewMs;
  expect(clock.now()).toBe(machine.time - 25);
});

test('between events it goes on from the last one, and before the first from the machine', () => {
  const machine = new WrongClock();
  machine.skewMs = 5_000;
  const clock = new PlatformClock(machine);
  expect(clock.now()).toBe(machine.time + 5_000);
  clock.startEvent(machine.time);
  machine.time += 60_000;
  expect(clock.now()).toBe(machine.time);
});

test("an event without a time is handled at the machine's, as it is then", () => {
  const machine = new WrongClock();
  const clock = new PlatformClock(machine);
  clock.startEvent(machine.time - 100_000);
  clock.startEvent(undefined);
  expect(clock.now()).toBe(machine.time);
});
