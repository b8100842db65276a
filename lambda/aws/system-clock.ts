/** Time and chance as the machine has them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../shared/ports';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  sleep: async (ms) => {
    await sleep(ms);
  },
  random: () => Math.random(),
};
