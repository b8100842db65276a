/**
 * Whether a level 0 message was delivered, as its function says. A busy machine may answer a post after the second that the function
 * waits; the post is not repeated then, as it may have arrived. A test publishes another message in that case.
 */
import type { Bus } from './bus';
import { eventually } from './eventually';
import { target } from './target';

/** How long a function waits for the answer to a post. */
const postMs = 1_000;

/**
 * Waits for the end of the message's fan-out, or of as many as the message had events. Anything but a slow machine that keeps
 * a post back fails the test.
 */
export async function wasServed(bus: Bus, id: string, events = 1): Promise<boolean> {
  if (target !== undefined) return true;
  const lines = await eventually(
    () => bus.inside.log.filter(({ text }) => text.includes('"published"') && text.includes(`"${id}"`)),
    (found) => found.length >= events,
  );
  const fanOuts = lines.map(
    ({ text }) => JSON.parse(text) as { readonly undelivered?: number; readonly slowest_post_ms?: number },
  );
  const incomplete = fanOuts.filter(({ undelivered = 0 }) => undelivered > 0);
  for (const { slowest_post_ms: slowestMs = 0 } of incomplete)
    expect(slowestMs).toBeGreaterThanOrEqual(postMs);
  return incomplete.length === 0;
}
