/**
 * Processes of the benchmark. Where `taskset` exists, each has its own core, so that the load does not disturb the
 * measurement. They exchange messages.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';

export const canPin = cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;

export interface ChildOptions {
  /** Counts from 0. */
  readonly core?: number | undefined;
  readonly executable?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Throws its log lines away. */
  readonly isSilent?: boolean | undefined;
}

export class Child {
  private constructor(private readonly process: ChildProcess) {}

  /** `file` is relative to `bench/`. */
  static start(
    file: string,
    { core, executable = process.execPath, env, isSilent = false }: ChildOptions = {},
  ): Child {
    const node = [executable, bundled(file)];
    const [command = '', ...args] =
      canPin && core !== undefined ? ['taskset', '-c', String(core), ...node] : node;
    const child = spawn(command, args, {
      stdio: ['ignore', isSilent ? 'ignore' : 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    return new Child(child);
  }

  /** The answer to a message. */
  async ask<Answer>(message: object): Promise<Answer> {
    const over = new AbortController();
    const answered = once(this.process, 'message', over) as Promise<[Answer]>;
    const ended = once(this.process, 'exit', over).then(([code]) => {
      throw new Error(`A process of the benchmark ended with ${String(code)}`);
    });
    this.process.send(message);
    try {
      const [answer] = await Promise.race([answered, ended]);
      return answer;
    } finally {
      // The listener of what did not happen goes too. Its promise rejects, and nobody waits for it.
      void Promise.allSettled([answered, ended]);
      over.abort();
    }
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill();
    await ended;
  }
}

const bundles = new Map<string, string>();

/** Bundled like the functions, because a source loader would be measured too. */
function bundled(file: string): string {
  const known = bundles.get(file);
  if (known !== undefined) return known;
  const outfile = path.join(
    __dirname,
    '../node_modules/.cache/artcafe-pubsub/bench',
    file.replace(/\.ts$/, '.js'),
  );
  buildSync({
    entryPoints: [path.join(__dirname, file)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['bufferutil', 'utf-8-validate'],
    logLevel: 'warning',
  });
  bundles.set(file, outfile);
  return outfile;
}

/** Starts a process, sends it one message, and stops it. */
export async function askOnce<Answer>(
  file: string,
  message: object,
  options: ChildOptions = {},
): Promise<Answer> {
  const child = Child.start(file, options);
  try {
    return await child.ask<Answer>(message);
  } finally {
    await child.stop();
  }
}
