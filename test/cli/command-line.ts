/** Runs command lines of `artcafe` in this process, against the bus of a test file. Not a test itself. */
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { run } from '../../cli/run';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: readonly string[];
  readonly isTerminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly packageFolder?: string;
}

/** A command that still runs. */
export interface Running {
  readonly outcome: Promise<Outcome>;
  /** What it has said so far, once that matches. */
  said(pattern: RegExp): Promise<string>;
  /** Ctrl-C. */
  interrupt(): Promise<Outcome>;
}

export function start(args: readonly string[], options: CommandOptions = {}): Running {
  const { input = [], isTerminal = false, environment = {} } = options;
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const hear = () => {
    for (const listener of listeners) listener();
  };
  const interruption = new AbortController();
  const outcome = run(args, {
    write: (text) => {
      stdout += text;
      hear();
    },
    complain: (text) => {
      stderr += text;
      hear();
    },
    input: Readable.from(input.map((line) => `${line}\n`)),
    isTerminal,
    hasTypist: false,
    columns: 100,
    environment,
    directory: options.directory ?? tmpdir(),
    packageFolder: options.packageFolder ?? '/nowhere',
    interrupted: interruption.signal,
  }).then((code) => ({ code, stdout, stderr }));
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const listener = () => {
        if (pattern.test(`${stdout}${stderr}`)) resolve(stdout);
      };
      listeners.add(listener);
      listener();
      void outcome.then(({ code }) => {
        reject(new Error(`Ended with ${code} without ${String(pattern)}:\n${stdout}${stderr}`));
      });
    });
  const interrupt = () => {
    interruption.abort();
    return outcome;
  };
  return { outcome, said, interrupt };
}

export function artcafe(args: readonly string[], options?: CommandOptions): Promise<Outcome> {
  return start(args, options).outcome;
}

/** The objects of NDJSON. */
export function objectsIn(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
