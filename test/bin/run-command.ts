/**
 * Runs a command of bin/ as npm does, in a process of its own, and collects what it says.
 * Not a test itself.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const repository = path.join(__dirname, '../..');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Resolves with what was written so far, once that matches. */
  readonly said: (pattern: RegExp) => Promise<string>;
}

export function startCommand(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, ['--import', 'tsx', path.join('bin', file), ...args], {
    cwd: repository,
    // Relative names start here, wherever npm was called for the tests.
    env: { ...process.env, INIT_CWD: repository, ...environment },
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const hear = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    hear();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
    hear();
  });
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
      hear();
    });
  });
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const listener = () => {
        const text = `${stdout}${stderr}`;
        if (pattern.test(text)) resolve(text);
        else if (child.exitCode !== null) reject(new Error(`Ended without ${String(pattern)}:\n${text}`));
      };
      listeners.add(listener);
      listener();
    });
  return { child, outcome, said };
}

export function runCommand(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const { child, outcome } = startCommand(file, args, environment);
  child.stdin?.end();
  return outcome;
}
