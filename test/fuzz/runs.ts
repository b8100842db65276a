/**
 * How much is tried and with which seed. `FUZZ_SEED` repeats a run: a failure prints its seed; `FUZZ_SCALE` makes a run longer
 * (10 = ten times as many).
 */
const scale = Number(process.env.FUZZ_SCALE ?? 1);
export const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

/** Parameters for fast-check. A counterexample is made small for at most half a minute. */
export function runs(count: number) {
  return { numRuns: Math.ceil(count * scale), seed };
}

/** CPU time of this process in milliseconds, all threads: garbage collection and compilation count. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/**
 * Runs the work, and again when it was slow: whatever else the process had to do is slow once, the input every time.
 * Gives the first result and the least CPU time.
 */
export async function timed<T>(
  work: () => Promise<T>,
  limitMs: number,
): Promise<{ readonly result: T; readonly ms: number }> {
  const start = cpuMs();
  const result = await work();
  let ms = cpuMs() - start;
  for (let again = 0; ms > limitMs && again < 30; again++) {
    await new Promise(setImmediate);
    const restart = cpuMs();
    await work();
    ms = Math.min(ms, cpuMs() - restart);
  }
  return { result, ms };
}
