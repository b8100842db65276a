/**
 * Runs inside a function's worker thread: loads the bundle, handles one event at a time and blocks between events, as
 * Lambda freezes an environment. Bundled when the gateway starts; imports only Node and two files of this folder.
 */
import { createRequire } from 'node:module';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { moveDate } from './moved-date';
import type { FunctionError, WorkerEvent, WorkerMessage, WorkerSettings } from './worker-messages';

type Callback = (error: unknown, result?: unknown) => void;
type Handler = (event: unknown, context: object, callback: Callback) => unknown;

const settings = workerData as WorkerSettings;
let finish: ((message: WorkerMessage) => void) | undefined;

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

/** Output is sent through the port, because a blocked thread cannot flush its standard streams. */
function captureOutput(stream: 'stdout' | 'stderr'): void {
  process[stream].write = (chunk: unknown, ...rest: unknown[]): boolean => {
    send({
      kind: 'output',
      stream,
      text: chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk),
    });
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
}

function describe(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
}

/** Blocks the thread until the next event. Work that was not awaited stops, as in a frozen environment. */
function freeze(): void {
  Atomics.wait(settings.wakeUp, 0, 0);
  Atomics.store(settings.wakeUp, 0, 0);
  // The event loop runs first, so that unfinished work continues before the new event.
  setImmediate(receive);
}

function receive(): void {
  const received = parentPort && receiveMessageOnPort(parentPort);
  if (received) handle(received.message as WorkerEvent);
  else freeze();
}

function contextFor(requestId: string): object {
  const deadline = performance.now() + settings.timeoutMs;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    logGroupName: `/aws/lambda/${settings.functionName}`,
    logStreamName: '[$LATEST]laptop',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

function handle({ requestId, payload }: WorkerEvent): void {
  const settle = (message: WorkerMessage): void => {
    if (finish !== settle) return;
    finish = undefined;
    send(message);
    freeze();
  };
  finish = settle;
  const fail = (error: unknown): void => {
    settle({ kind: 'error', error: describe(error) });
  };
  const succeed = (value: unknown): void => {
    let text: string | undefined;
    try {
      text = toJson(value);
    } catch (error) {
      settle({ kind: 'error', error: { ...describe(error), errorType: 'Runtime.MarshalError' } });
      return;
    }
    settle({ kind: 'result', payload: text ?? 'null' });
  };
  try {
    const answer = handler(JSON.parse(payload), contextFor(requestId), (error, value) => {
      if (error === null || error === undefined) succeed(value);
      else fail(error);
    });
    if (isPromise(answer)) answer.then(succeed, fail);
    // For a handler without callback and without promise, Lambda returns null.
    else if (handler.length < 3) succeed(null);
  } catch (error) {
    fail(error);
  }
}

/** `undefined` when JSON cannot represent the value. */
function toJson(value: unknown): string | undefined {
  return JSON.stringify(value);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function load(): Handler {
  const module: unknown = createRequire(settings.file)(settings.file);
  const found: unknown =
    typeof module === 'object' && module !== null ? Reflect.get(module, settings.exportName) : undefined;
  if (typeof found === 'function') return found as Handler;
  throw Object.assign(new Error(`${settings.file} does not export ${settings.exportName}`), {
    name: 'Runtime.HandlerNotFound',
  });
}

captureOutput('stdout');
captureOutput('stderr');
moveDate(settings.clockOffset, settings.clockSkew);
// When the event loop is empty before the promise settles, the Node 20 runtime returns null.
process.on('beforeExit', () => {
  finish?.({ kind: 'result', payload: 'null' });
});

let handler: Handler;
try {
  handler = load();
  send({ kind: 'ready' });
  freeze();
} catch (error) {
  send({ kind: 'init-error', error: describe(error) });
}
