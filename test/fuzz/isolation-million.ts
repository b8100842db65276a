/**
 * `npm run suite isolation [operations] [seed]`: the walk of tenants that must not meet, a million operations long. CI runs it.
 * A failure prints the seed, which repeats it.
 */
import { IsolationWalk } from './isolation-walk';
import { seed as drawn } from './runs';

async function main(): Promise<void> {
  const [count = 1_000_000, seed = drawn] = process.argv.slice(2).map(Number);
  const walk = new IsolationWalk(seed);
  const startedAt = performance.now();
  try {
    await walk.run(count);
  } catch (error) {
    throw new Error(`Seed ${String(seed)}, after ${String(walk.done)} operations`, { cause: error });
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const received = `${String(walk.received)} messages received or read`;
  console.log(
    `Seed ${String(seed)}: ${String(walk.done)} operations, ${received}, nothing crossed, ${String(seconds)} s.`,
  );
  // A walk in which hardly anybody receives anything would prove nothing.
  if (walk.received < count / 5) throw new Error('Too few messages were received.');
}

void main();
