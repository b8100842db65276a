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

/** 3,000 different names: what `JSON.parse` takes for it is the largest part of the slowest accepted text. */
const reference = JSON.stringify(Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`n${n}`, 0])));
/** As often as takes about as long as that text: a busy machine leaves fewer long moments undisturbed than short ones. */
const referenceTimes = 4;
/** On the machine for which the bounds of CPU time are meant. */
const referenceMs = 1.2 * referenceTimes;

/** How many times slower this machine is at the moment than the one for which the bounds are meant; 1 if it is faster. */
export function slowness(): number {
  let least = Infinity;
  for (let again = 0; again < 30; again++) {
    const start = cpuMs();
    for (let time = 0; time < referenceTimes; time++) JSON.parse(reference);
    least = Math.min(least, cpuMs() - start);
  }
  return Math.max(1, least / referenceMs);
}
