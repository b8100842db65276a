/**
 * Whether a level 0 message was delivered, as its function says. A busy machine may answer a post after the second that the function
 * waits; the post is not repeated then, as it may have arrived. A test publishes another message in that case.
 */
import type { Bus } from './bus';
import { eventually } from './eventually';
import { target } from './target';

/** How long a function waits for the answer to a post. */
const postMs = 1_000;

/** Waits for the end of the message's fan-out. Anything but a slow machine that keeps a post back fails the test. */
export async function wasServed(bus: Bus, id: string): Promise<boolean> {
  if (target !== undefined) return true;
  const line = await eventually(
    () => bus.inside.log.find(({ text }) => text.includes('"published"') && text.includes(`"${id}"`)),
    (found) => found !== undefined,
  );
  const { undelivered = 0, slowest_post_ms: slowestMs = 0 } = JSON.parse(line?.text ?? '{}') as {
    readonly undelivered?: number;
    readonly slowest_post_ms?: number;
  };
  if (undelivered > 0) expect(slowestMs).toBeGreaterThanOrEqual(postMs);
  return undelivered === 0;
}
