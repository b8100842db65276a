/**
 * How long an invocation would have run on AWS. A laptop's own durations say nothing about that, so they are modelled:
 * a fixed part, and the posts, which either the processor or the service's latency bounds.
 */

export interface DurationModel {
  /** Everything but the posts: start of the handler and its calls to DynamoDB. */
  readonly fixedMs: number;
  /** Processor time per post on a whole vCPU, with the lean sender. */
  readonly cpuMsPerPost: number;
  /** Latency of one post to `@connections`. */
  readonly postMs: number;
  readonly postConcurrency: number;
}

/** Assumed, but for `cpuMsPerPost`: measured over TLS with a hand-signed client (docs/costs.md). */
export const durationModel: DurationModel = {
  fixedMs: 15,
  cpuMsPerPost: 0.081,
  postMs: 15,
  postConcurrency: 200,
};

/** Lambda gives a function one vCPU at this size; one thread has no use for more. */
const wholeCpuMb = 1_769;

export function modelledMs(posts: number, memoryMb: number, model = durationModel): number {
  const cpuShare = Math.min(1, memoryMb / wholeCpuMb);
  const byProcessor = (posts * model.cpuMsPerPost) / cpuShare;
  const byLatency = Math.ceil(posts / model.postConcurrency) * model.postMs;
  return model.fixedMs + Math.max(byProcessor, byLatency);
}
