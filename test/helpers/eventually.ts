/**
 * Waits for what the bus does in its own time, such as the end of a connection: asks again until the answer fits.
 * Each question is a round trip, which is what paces it.
 */

const patienceMs = 20_000;

/** The first answer that fits; otherwise an error with the last one. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  fits: (answer: T) => boolean,
  ms = patienceMs,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`Still not so after ${ms} ms: ${JSON.stringify(answer)}`);
    // Sockets and timers of the bus get a turn even when the answer came at once.
    await new Promise(setImmediate);
  }
}
