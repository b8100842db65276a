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

export class Child {
  private constructor(private readonly process: ChildProcess) {}

  /** `file` is relative to `bench/`; `core` counts from 0. */
  static start(file: string, core?: number, executable = process.execPath): Child {
    const node = [executable, bundled(file)];
    const [command = '', ...args] =
      canPin && core !== undefined ? ['taskset', '-c', String(core), ...node] : node;
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    return new Child(child);
  }

  /** The answer to a message. */
  async ask<Answer>(message: object): Promise<Answer> {
    const answered = once(this.process, 'message') as Promise<[Answer]>;
    const ended = once(this.process, 'exit').then(([code]) => {
      throw new Error(`A process of the benchmark ended with ${String(code)}`);
    });
    this.process.send(message);
    const [answer] = await Promise.race([answered, ended]);
    return answer;
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
  core?: number,
  executable?: string,
): Promise<Answer> {
  const child = Child.start(file, core, executable);
  try {
    return await child.ask<Answer>(message);
  } finally {
    await child.stop();
  }
}
