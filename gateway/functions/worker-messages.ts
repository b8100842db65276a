/**
 * What the gateway and a function's worker thread say to each other. Types only: both sides compile it away.
 * Events and results travel as JSON text, as they do between Lambda's service and a function.
 */

/** Given to the worker when it starts. */
export interface WorkerSettings {
  /** Absolute path of the module, and the export that handles events. */
  file: string;
  exportName: string;
  functionName: string;
  functionArn: string;
  memoryMb: number;
  timeoutMs: number;
  /** Milliseconds that the gateway's clock is ahead. */
  clockOffset: Float64Array;
  /** Milliseconds by which this thread's own clock is wrong. */
  clockSkew: Float64Array | undefined;
  /** Becomes 1 when an event is waiting: the thread sleeps on it between two events. */
  wakeUp: Int32Array;
}

export interface WorkerEvent {
  requestId: string;
  payload: string;
}

export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

export type WorkerMessage =
  | { kind: 'ready' }
  | { kind: 'init-error'; error: FunctionError }
  | { kind: 'output'; stream: 'stdout' | 'stderr'; text: string }
  | { kind: 'result'; payload: string }
  | { kind: 'error'; error: FunctionError };
