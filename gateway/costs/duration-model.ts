/**
 * Models the duration of an invocation on AWS, because durations on a laptop differ: a fixed part, processor time of the calls to
 * DynamoDB, and the posts, which are limited by the processor or by the latency of the service.
 */

export interface DurationModel {
  /** Start of the handler, and the time that its calls to DynamoDB wait. */
  readonly fixedMs: number;
  /** Processor time per call to DynamoDB, on a whole vCPU. */
  readonly cpuMsPerTableCall: number;
  /** Processor time per post on a whole vCPU, with the lean sender. */
  readonly cpuMsPerPost: number;
  /** Latency of one post to `@connections`. */
  readonly postMs: number;
  readonly postConcurrency: number;
}

/** What one run does, on average. */
export interface Work {
  readonly posts: number;
  /** Posts that wait for each other, as those of an ACK and of the sender's own copy do. */
  readonly postRounds: number;
  readonly tableCalls: number;
}

/** Assumed values, except the processor times, which are measured (docs/costs.md). */
export const durationModel: DurationModel = {
  fixedMs: 15,
  cpuMsPerTableCall: 0.27,
  cpuMsPerPost: 0.081,
  postMs: 15,
  postConcurrency: 200,
};

/** Lambda gives a function one vCPU at this size. One thread cannot use more. */
const wholeCpuMb = 1_769;

export function modelledMs(work: Work, memoryMb: number, model = durationModel): number {
  const cpuShare = Math.min(1, memoryMb / wholeCpuMb);
  const tableMs = (work.tableCalls * model.cpuMsPerTableCall) / cpuShare;
  return model.fixedMs + tableMs + postsMs(work, cpuShare, model);
}

/** The last post leaves when the processor has made all of them; of those that wait for each other, all take their time. */
function postsMs({ posts, postRounds }: Work, cpuShare: number, model: DurationModel): number {
  const byProcessor = (posts * model.cpuMsPerPost) / cpuShare + Math.min(1, postRounds) * model.postMs;
  const byLatency = Math.max(postRounds, posts / model.postConcurrency) * model.postMs;
  return Math.max(byProcessor, byLatency);
}
