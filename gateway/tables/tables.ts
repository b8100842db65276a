/**
 * The stack's tables: starts the engine (or uses the given endpoint) and creates missing tables. The engine does not
 * delete items by their TTL.
 */
import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { callDynamo } from './dynamodb-client';
import { compileWorker } from '../functions/worker-code';
import { GatewayError } from '../gateway-error';
import { messageOf, objectOr } from '../json';
import type { TablesSettings } from './tables-worker';
import type { TableModel } from '../template/model';

export interface Tables {
  endpoint: string;
  stop(): Promise<void>;
}

export interface TableOptions {
  endpoint: string | undefined;
  dataDirectory: string | undefined;
}

export async function startTables(models: TableModel[], options: TableOptions): Promise<Tables> {
  let engine: Engine | undefined;
  try {
    engine =
      options.endpoint === undefined ? await startEngine(options.dataDirectory) : external(options.endpoint);
    for (const model of models) await ensureTable(engine.endpoint, model);
    engine.settled();
    return engine;
  } catch (error) {
    await engine?.stop();
    throw error instanceof GatewayError ? error : explain(engine?.crash() ?? error, options);
  }
}

interface Engine extends Tables {
  /** The error that ended the engine's thread, if any. */
  crash(): unknown;
  /** The tables are in use from now on, so a crash is a defect and must be reported. */
  settled(): void;
}

function external(endpoint: string): Engine {
  return { endpoint, stop: () => Promise.resolve(), crash: () => undefined, settled: () => undefined };
}

async function startEngine(dataDirectory: string | undefined): Promise<Engine> {
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true });
  const workerData: TablesSettings = { resolveFrom: __filename, path: dataDirectory };
  const worker = new Worker(compileWorker('tables/tables-worker.ts'), {
    eval: true,
    execArgv: [],
    workerData,
  });
  let crash: unknown;
  let isSettled = false;
  worker.on('error', (error) => {
    crash = error;
    if (isSettled) throw error;
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      worker.postMessage('stop');
      await exited;
    },
    crash: () => crash,
    settled: () => {
      isSettled = true;
    },
  };
}

/** An error with a hint for the user. Without a data folder or an endpoint of the user, it is a defect. */
function explain(error: unknown, options: TableOptions): unknown {
  if (options.endpoint !== undefined) {
    return new GatewayError(
      `The tables cannot be created at ${options.endpoint}: ${messageOf(error)}`,
      'Check that the DynamoDB endpoint is correct and running.',
      { cause: error },
    );
  }
  if (options.dataDirectory === undefined) return error;
  return new GatewayError(
    `The data folder ${options.dataDirectory} cannot be used: ${messageOf(error)}`,
    'Stop the other gateway that uses it, or choose another folder.',
    { cause: error },
  );
}

/** Creates the table if it does not exist, and waits until it is ready. A data folder keeps its tables. */
async function ensureTable(endpoint: string, { name, definition }: TableModel): Promise<void> {
  const existing = await callDynamo(endpoint, 'DescribeTable', { TableName: name });
  if (existing.status !== 200) {
    const created = await callDynamo(endpoint, 'CreateTable', definition);
    if (created.status !== 200) throw new Error(`${name}: ${JSON.stringify(created.body)}`);
  } else if (keysOf(objectOr(existing.body.Table)) !== keysOf(definition)) {
    throw new GatewayError(
      `The table ${name} exists with another key than the stack's.`,
      'Delete the data folder (or the table) and start again.',
    );
  }
  for (;;) {
    const { body } = await callDynamo(endpoint, 'DescribeTable', { TableName: name });
    if (objectOr(body.Table).TableStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function keysOf(table: Record<string, unknown>): string {
  return JSON.stringify(table.KeySchema);
}
