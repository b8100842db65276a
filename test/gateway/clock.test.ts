import { Clock } from '../../gateway/clock';

let clock: Clock;

beforeEach(() => {
  clock = new Clock();
});

afterEach(() => {
  clock.stop();
});

test('tells whole milliseconds, as the platform does, however it was moved', async () => {
  const seen: number[] = [];
  // Faults by chance ask for parts of a millisecond.
  clock.after(10.25, () => {
    seen.push(clock.now());
  });
  await clock.advance(5_000.5);
  seen.push(clock.now());
  expect(seen).toHaveLength(2);
  expect(seen.filter((time) => !Number.isInteger(time))).toEqual([]);
});
