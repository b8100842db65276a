/** The loads and the seed of `docs/scale.md`. */
import type { SteadyLoad } from './steady';

export const seed = 7;
export const tenfold = { requestsPerSecond: 100_000, requestBurst: 50_000 };

export interface NamedLoad extends SteadyLoad {
  readonly name: string;
}

export const million = 1_000_000;
export const loads: readonly NamedLoad[] = [
  {
    name: '1 M connections, channels of 10, each agent publishes once a minute',
    connections: million,
    publishesPerSecond: million / 60,
    fanOut: 10,
    bytes: 200,
    channels: million / 10,
  },
  {
    name: '100,000 channels × 10, one publish per channel every 10 s',
    connections: million,
    publishesPerSecond: 10_000,
    fanOut: 10,
    bytes: 200,
    channels: 100_000,
  },
  {
    name: 'one channel × 10,000, one publish a second',
    connections: 10_000,
    publishesPerSecond: 1,
    fanOut: 10_000,
    bytes: 200,
    channels: 1,
  },
  {
    name: 'one channel × 1 M, one publish a minute',
    connections: million,
    publishesPerSecond: 1 / 60,
    fanOut: million,
    bytes: 200,
    channels: 1,
  },
];
