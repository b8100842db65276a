/**
 * Models the duration of an invocation on AWS, because durations on a laptop differ. It is a fixed part plus the
 * posts, which are limited by the processor or by the latency of the service.
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

/** Assumed values, except `cpuMsPerPost`, which is measured over TLS with the lean sender (docs/costs.md). */
export const durationModel: DurationModel = {
  fixedMs: 15,
  cpuMsPerPost: 0.081,
  postMs: 15,
  postConcurrency: 200,
};

/** Lambda gives a function one vCPU at this size. One thread cannot use more. */
const wholeCpuMb = 1_769;

export function modelledMs(posts: number, memoryMb: number, model = durationModel): number {
  const cpuShare = Math.min(1, memoryMb / wholeCpuMb);
  const byProcessor = (posts * model.cpuMsPerPost) / cpuShare;
  const byLatency = Math.ceil(posts / model.postConcurrency) * model.postMs;
  return model.fixedMs + Math.max(byProcessor, byLatency);
}
