/** The walk that `npm run suite isolation` makes a million operations long, short. */
import { IsolationWalk } from './isolation-walk';
import { seed } from './runs';

const count = 20_000;

test(`${String(count)} operations of tenants that must not meet`, async () => {
  const walk = new IsolationWalk(seed);
  await walk.run(count);
  expect(walk.received).toBeGreaterThan(count / 5);
});
