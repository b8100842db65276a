/**
 * `sleeper.ts` as a process of its own, line by line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface Sleeper {
  /** Takes lines up to the first of these, which must come; gives those before it. */
  until(line: string): Promise<string[]>;
  kill(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM' | 'SIGKILL'): void;
  /** Settles with the process. */
  readonly exit: Promise<unknown>;
}

export function startSleeper(environment: Readonly<Record<string, string>>): Sleeper {
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, 'sleeper.ts')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    exit: once(child, 'exit'),
    kill: (signal) => {
      child.kill(signal);
    },
    until: async (line) => {
      const before: string[] = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`No "${line}", but ${before.join()}`);
        if (value === line) return before;
        before.push(value);
      }
    },
  };
}
