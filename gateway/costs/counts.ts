/** All the quantities that AWS bills or counts. */

export interface FunctionCounts {
  readonly memoryMb: number;
  requests: number;
  /** Calls that the function made to `POST @connections`. */
  posts: number;
  /** Those of each run to the connection that it posted to most often, added up: they wait for each other. */
  postRounds: number;
  /** Calls to DynamoDB. */
  tableCalls: number;
  /** Total milliseconds of all runs that the duration model does not include. */
  readonly furtherMs?: number;
}

export interface Counts {
  /** Text messages of clients, and their 32 KB units. */
  messagesIn: number;
  unitsIn: number;
  /** Text messages to clients, and their 32 KB units. */
  messagesOut: number;
  unitsOut: number;
  /** Bytes of messages to clients, by API Gateway and by CloudFront. */
  bytesOut: number;
  edgeBytesOut: number;
  connectionMinutes: number;
  handshakes: number;
  /** Requests to the HTTP API, in units of 512 KB. */
  httpRequests: number;
  edgeHandshakes: number;
  readUnits: number;
  writeUnits: number;
  /** Requests to SQS, in units of 64 KB: of senders, of the polls of Lambda, and of events that went to a failure destination. */
  queueRequests: number;
  /** Events that EventBridge took, in units of 64 KB. */
  busEvents: number;
  /** Months of a KMS key; the meter counts none, as a key costs the same whatever runs. */
  signingKeyMonths: number;
  /** By physical name. */
  functions: Record<string, FunctionCounts>;
  /** Calls of the functions to AWS, by `service:Operation`. */
  calls: Record<string, number>;
}

/** Messages are billed per started 32 KB; an empty one is one unit. */
const unitBytes = 32_768;
/** Requests to an HTTP API are billed per started 512 KB. */
const requestUnitBytes = 524_288;

/** SQS bills a request, and EventBridge an event, per started 64 KB. */
const payloadUnitBytes = 65_536;
/** Lambda polls a queue with five pollers, each of which waits for 20 s at most. */
const polls = { pollers: 5, waitMs: 20_000 };

export function messageUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / unitBytes));
}

export function requestUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / requestUnitBytes));
}

export function payloadUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / payloadUnitBytes));
}

/** Requests of Lambda to one queue that has no messages. */
export function emptyPolls(ms: number): number {
  return (polls.pollers * ms) / polls.waitMs;
}

export function noCounts(): Counts {
  return {
    messagesIn: 0,
    unitsIn: 0,
    messagesOut: 0,
    unitsOut: 0,
    bytesOut: 0,
    edgeBytesOut: 0,
    connectionMinutes: 0,
    handshakes: 0,
    httpRequests: 0,
    edgeHandshakes: 0,
    readUnits: 0,
    writeUnits: 0,
    queueRequests: 0,
    busEvents: 0,
    signingKeyMonths: 0,
    functions: {},
    calls: {},
  };
}

/** The difference between two readings of the meter. */
export function countsBetween(before: Counts, after: Counts): Counts {
  const difference = { ...after };
  for (const name of Object.keys(before) as (keyof Counts)[]) {
    if (name !== 'functions' && name !== 'calls') difference[name] = after[name] - before[name];
  }
  difference.calls = Object.fromEntries(
    Object.entries(after.calls)
      .map(([name, count]) => [name, count - (before.calls[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
  difference.functions = Object.fromEntries(
    Object.entries(after.functions).map(([name, { memoryMb, requests, posts, postRounds, tableCalls }]) => {
      const earlier = before.functions[name] ?? { requests: 0, posts: 0, postRounds: 0, tableCalls: 0 };
      return [
        name,
        {
          memoryMb,
          requests: requests - earlier.requests,
          posts: posts - earlier.posts,
          postRounds: postRounds - earlier.postRounds,
          tableCalls: tableCalls - earlier.tableCalls,
        },
      ];
    }),
  );
  return difference;
}
