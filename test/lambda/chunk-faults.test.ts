/**
 * Faults of chunks: lost, run twice, late and out of turn, by a seed. Receivers of level 1 drop what they have, read what they miss,
 * and end with every message once and in order; receivers of level 0 get nothing twice unless the platform ran a chunk twice.
 */
import fc from 'fast-check';
import type { Caller } from '../../lambda/shared/caller';
import { fanOutRoute } from '../../lambda/events/fan-out';
import { createWorld } from './world';

const receivers = 6;
const publishes = 8;
type Fate = 'once' | 'lost' | 'twice' | 'late';
const fates: readonly Fate[] = ['once', 'lost', 'twice', 'late'];

/** The frames that a connection was posted, arrays taken apart. */
function framesOf(posts: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return posts.flatMap((post) => (Array.isArray(post) ? (post as Record<string, unknown>[]) : [post]));
}

async function run(fateOf: (chunk: number) => Fate, level: 0 | 1) {
  const world = createWorld();
  const callers: Caller[] = [];
  for (let index = 0; index < receivers; index++) {
    callers.push(await world.open(`s${index}`, { level, tokenExpiresAt: world.clock.time + 1e9 }));
  }
  world.invoker.started.length = 0;
  const workers = { invoker: world.invoker, functionName: 'fan-out', ownReceivers: 2 };
  const deps = { ...world.deps, workers };
  const serve = fanOutRoute(deps);
  const late: Record<string, unknown>[] = [];
  let chunks = 0;
  for (let number = 1; number <= publishes; number++) {
    const { accepted } = await world.sendWith(deps, callers[0]!, { id: `m${number}`, content: number });
    expect(accepted).toBe(1);
    for (const { payload } of world.invoker.started.splice(0)) {
      const fate = fateOf((chunks += 1));
      if (fate === 'late') late.push(payload);
      for (let times = fate === 'twice' ? 2 : Number(fate === 'once'); times > 0; times--)
        await serve(payload);
    }
  }
  world.clock.time += 30_000;
  for (const payload of late.reverse()) await serve(payload);
  return { world, callers, deps };
}

test('at level 1 every message is there in the end, once and in order', async () => {
  const schedule = fc.array(fc.constantFrom(...fates), { minLength: publishes, maxLength: publishes });
  await fc.assert(
    fc.asyncProperty(schedule, async (plan) => {
      const { world, callers, deps } = await run((chunk) => plan[(chunk - 1) % plan.length]!, 1);
      for (const caller of callers) {
        const { connectionId } = caller;
        // The client asks for what it lacks, and sorts by the sequence; what it has it drops.
        await world.sendWith(deps, caller, {
          type: 'history',
          id: 'h',
          channel_id: 'c',
        });
        const seen = new Map<number, unknown>();
        for (const frame of framesOf(world.sockets.of(connectionId))) {
          const found = frame.type === 'HISTORY' ? (frame.messages as Record<string, unknown>[]) : [frame];
          for (const { type, sequence, content } of found) {
            if (type === 'message') seen.set(sequence as number, content);
          }
        }
        const inOrder = [...seen].sort(([a], [b]) => a - b).map(([, content]) => content);
        expect(inOrder).toEqual(Array.from({ length: publishes }, (_, index) => index + 1));
      }
    }),
    { numRuns: 60 },
  );
});

test('at level 0 a lost chunk is a lost message, a late one comes late, and none comes twice by itself', async () => {
  const schedule = fc.array(fc.constantFrom<Fate>('once', 'lost', 'late'), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(schedule, async (plan) => {
      const fateOf = (chunk: number): Fate => plan[(chunk - 1) % plan.length]!;
      const { world } = await run(fateOf, 0);
      const expected = Array.from({ length: publishes }, (_, index) => index + 1).filter(
        (number) => fateOf(number) !== 'lost',
      );
      for (let index = 2; index < receivers; index++) {
        const contents = world.sockets.of(`s${index}`).map(({ content }) => content as number);
        expect(contents.sort((a, b) => a - b)).toEqual(expected);
      }
    }),
    { numRuns: 30 },
  );
});
