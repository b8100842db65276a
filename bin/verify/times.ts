/** The time to an ACK as a client sees it, first in functions that have not run and then in warm ones; and the sweep. */
import type { Check } from './check';
import type { Client } from './client';
import type { Target } from './target';

/** A new account runs ten functions at once. */
const coldClients = 8;
const warmMessages = 100;
/** Under the default rate of an agent, 50 a second. */
const paceMs = 25;

export const coldAcks: Check = {
  asked: `ACK of the first ${coldClients} messages, sent at once`,
  expected: 'within 5 s, when original clients give up',
  advice: 'See the init duration of default in X-Ray or its first log lines.',
  run: async (target) => {
    const clients: Client[] = [];
    for (let n = 0; n < coldClients; n++)
      clients.push(await target.connect(`cold-${String(n)}`, { channel: `cold-${String(n)}` }));
    const times = await Promise.all(clients.map((client) => client.timeOfAck('cold')));
    return { found: percentiles(times), isGood: percentile(times, 0.99) < 5_000 };
  },
};

export const warmAcks: Check = {
  asked: `ACK of ${warmMessages} messages, one after another`,
  expected: 'p99 within 1 s',
  advice: 'Runbook: ACKs are slow. Subtract the time of a round trip to the Region.',
  run: async (target) => {
    const client = await target.connect('warm', { channel: 'warm' });
    const times: number[] = [];
    for (let n = 0; n < warmMessages; n++) {
      times.push(await client.timeOfAck(n));
      await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
    return { found: percentiles(times), isGood: percentile(times, 0.99) < 1_000 };
  },
};

const tokenSeconds = 60;
/** The schedule's five minutes, a run of two, and the life of the token. */
const sweepPatienceMs = (5 + 2) * 60_000 + tokenSeconds * 1_000;

/** Begins at once; the verdict comes when the sweep has ended the connection. */
export function beginSweepCheck(target: Target): Check {
  // On a laptop the token need not live as long as the handshake may take on AWS.
  const expiresInSeconds = target.runSweep === undefined ? tokenSeconds : 5;
  const ended = endByTheSweep(target, expiresInSeconds);
  // Its failure is reported in its place of the table.
  ended.catch(() => undefined);
  return {
    asked: 'A connection whose token expires',
    expected: 'GOAWAY token_expired, then closed by the sweep',
    advice: 'Look at "swept" in the log of sweep, and at the rule of its schedule.',
    run: async () => ({ found: await ended, isGood: true }),
  };
}

async function endByTheSweep(target: Target, expiresInSeconds: number): Promise<string> {
  const token = await target.token('expiring', { expiresInSeconds });
  const client = await target.open(target.url({ token }), ['artcafe.v1']);
  const startedAt = performance.now();
  if (target.runSweep !== undefined) {
    // A connection younger than ten seconds is not swept, and the time of the sweep's event is in whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 11_500));
    await target.runSweep();
  }
  await client.next(({ type, code }) => type === 'GOAWAY' && code === 'token_expired', sweepPatienceMs);
  const code = await client.closed;
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  return `GOAWAY, then closed with ${code} after ${seconds} s`;
}

function percentiles(times: readonly number[]): string {
  return `p50 ${Math.round(percentile(times, 0.5))} ms, p99 ${Math.round(percentile(times, 0.99))} ms`;
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
