/**
 * The sending side of `cold-tls.ts`: a fresh process that loads the sender, says that it is ready, waits for the order, and posts to
 * all receivers as a function does.
 */
import { systemClock } from '../../lambda/aws/system-clock';
import { LeanSender } from '../../lambda/aws/calls/lean-sender';
import { RetryingSender } from '../../lambda/delivery/retrying-sender';
import { Deadline } from '../../lambda/shared/deadline';

export interface Order {
  readonly port: number;
  readonly receivers: number;
}

export interface Outcome {
  readonly ms: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

async function broadcast({ port, receivers }: Order): Promise<Outcome> {
  const startedAt = performance.now();
  const deadline = new Deadline(systemClock, systemClock.monotonic() + 4_000);
  const sender = new RetryingSender(new LeanSender(`https://localhost:${port}/ws`), systemClock, deadline);
  const outcomes: Record<string, number> = {};
  const posts = Array.from({ length: receivers }, async (_, index) => {
    const outcome = await sender.postInTime(`connection-${index}=`, '{"type":"message","content":"hello"}');
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  });
  await Promise.all(posts);
  return { ms: performance.now() - startedAt, outcomes };
}

process.once('message', (order: Order) => {
  void broadcast(order).then((outcome) => {
    process.send?.(outcome);
    process.disconnect();
  });
});
process.send?.('ready');
