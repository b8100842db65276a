/**
 * The messages between the gateway and the worker thread of a function. Types only. Events and results travel as JSON
 * text, as they do between Lambda's service and a function.
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
  /** The offset of the gateway's clock in milliseconds. */
  clockOffset: Float64Array;
  /** The clock error of this thread in milliseconds. */
  clockSkew: Float64Array | undefined;
  /** Becomes 1 when an event waits. The thread waits for it between events. */
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
