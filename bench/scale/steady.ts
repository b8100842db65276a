/**
 * Compares a steady load with each quota: the need, and the number of cells (account × Region) for the tightest
 * quota.
 */
import type { Inputs } from './inputs';
import { lognormal, type Random } from './random';
import { TokenBucket } from './token-bucket';

export interface SteadyLoad {
  readonly connections: number;
  /** All channels together. */
  readonly publishesPerSecond: number;
  readonly fanOut: number;
  readonly bytes: number;
  readonly channels: number;
}

export interface Need {
  readonly quota: string;
  readonly needed: number;
  readonly perCell: number;
  /** `undefined`: more cells do not help, because the quota belongs to one channel. */
  readonly cells: number | undefined;
}

/** The planned use of a quota. */
const plannedShare = 0.8;
const rowBytes = 300;

export function needsOf(load: SteadyLoad, inputs: Inputs): Need[] {
  const { connections, publishesPerSecond, fanOut, bytes, channels } = load;
  const perChannel = publishesPerSecond / channels;
  const invocationMs = 15 + Math.max((fanOut * inputs.cpuMsPerPost) / inputs.cpuShare, inputs.postMs);
  const ofCell = (quota: string, needed: number, perCell: number): Need => ({
    quota,
    needed,
    perCell,
    cells: Math.max(1, Math.ceil(needed / (perCell * plannedShare))),
  });
  const ofChannel = (quota: string, needed: number, perCell: number): Need => ({
    quota,
    needed,
    perCell,
    cells: undefined,
  });
  return [
    ofCell('requests/s (in, out, ACK)', publishesPerSecond * (2 + fanOut), inputs.requestsPerSecond),
    ofCell(
      'handshakes/s (rotation every two hours)',
      connections / inputs.connectionSeconds,
      inputs.connectsPerSecond,
    ),
    ofCell('concurrent functions', (publishesPerSecond * invocationMs) / 1_000, inputs.concurrency),
    ofChannel(
      'write units/s of one channel’s log',
      perChannel * Math.ceil((bytes + rowBytes) / 1_024),
      inputs.partitionWrites,
    ),
    ofChannel(
      'read units/s of one channel’s subscribers',
      perChannel * Math.ceil((fanOut * inputs.subscriptionBytes) / 4_096),
      inputs.partitionReads,
    ),
  ];
}

export function cellsFor(needs: readonly Need[]): number {
  return Math.max(...needs.map(({ cells = 1 }) => cells));
}

/**
 * The share of calls that the token bucket rejects at first, for Poisson publishes at this share of the quota in one
 * cell.
 */
export function refusedShare(
  share: number,
  fanOut: number,
  inputs: Inputs,
  random: Random,
  seconds = 20,
): number {
  const perSecond = (inputs.requestsPerSecond * share) / (2 + fanOut);
  const calls: number[] = [];
  for (let at = 0; at < seconds * 1_000; at += (-Math.log(1 - random()) / perSecond) * 1_000) {
    calls.push(at);
    for (let post = 0; post <= fanOut; post++) calls.push(at + 15 + lognormal(random, inputs.postMs, 0.5));
  }
  calls.sort((a, b) => a - b);
  const bucket = new TokenBucket(inputs.requestsPerSecond, inputs.requestBurst);
  let refused = 0;
  for (const at of calls) if (!bucket.take(at)) refused += 1;
  return refused / calls.length;
}
