/** The sweep's part in waking agents: those whose event was lost between the message and EventBridge. */
import { wake, type WakeDependencies } from '../agents/wake';
import type { AgentName } from '../shared/stores/agent-store';
import type { Deadline } from '../shared/deadline';
import { eachConcurrently } from '../shared/each-concurrently';
import { errorFields } from '../shared/error-fields';
import type { SweepStore } from '../shared/stores/sweep-store';

/** As many events as one call takes. */
const perCall = 10;
const concurrency = 5;
/** Kept for what has been begun. */
const reserveMs = 4_000;

export interface WakeSleepersDependencies extends WakeDependencies {
  readonly sweep: Pick<SweepStore, 'sleepers'>;
}

/** Never throws: what failed has its turn with the next sweep. Gives the number of agents about whom an event was sent. */
export async function wakeSleepers(deps: WakeSleepersDependencies, deadline: Deadline): Promise<number> {
  if (deps.events === undefined) return 0;
  let announced = 0;
  try {
    await eachConcurrently(inGroups(deps.sweep.sleepers()), concurrency, async (group) => {
      if (deadline.remainingMs >= reserveMs) announced += await wake(deps, group);
    });
  } catch (error) {
    deps.log.error('wake_failed', errorFields(error));
  }
  return announced;
}

async function* inGroups(
  pages: AsyncIterable<readonly AgentName[]>,
): AsyncGenerator<readonly (readonly AgentName[])[]> {
  for await (const page of pages) {
    const starts = Array.from({ length: Math.ceil(page.length / perCall) }, (_, n) => n * perCall);
    yield starts.map((start) => page.slice(start, start + perCall));
  }
}
