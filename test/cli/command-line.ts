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
  readonly hasTypist?: boolean;
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

const retrying = /^No connection at the moment \(.*\); trying again …\n$/;

/** Its outcome rejects when the command has printed a token, which only `token` may. */
export function start(args: readonly string[], options: CommandOptions = {}): Running {
  const { input = [], isTerminal = false, hasTypist = false, environment = {} } = options;
  let stdout = '';
  let stderr = '';
  let retries = '';
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
      // A gateway on busy cores may refuse a handshake in time. The command says so, tries again, and goes on as ever.
      if (retrying.test(text)) retries += text;
      else stderr += text;
      hear();
    },
    input: Readable.from(input.map((line) => `${line}\n`)),
    isTerminal,
    hasTypist,
    columns: 100,
    environment,
    directory: options.directory ?? tmpdir(),
    packageFolder: options.packageFolder ?? '/nowhere',
    interrupted: interruption.signal,
  }).then((code) => {
    if (args[0] !== 'token' && holdsToken(`${stdout}${stderr}${retries}`))
      throw new Error(`artcafe ${args[0] ?? ''} prints a token`);
    return { code, stdout, stderr };
  });
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const listener = () => {
        if (pattern.test(`${stdout}${stderr}${retries}`)) resolve(stdout);
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

/** Anything in the shape of a JWT, or of its claims alone. */
export function holdsToken(text: string): boolean {
  return /eyJ[\w-]{10,}/.test(text);
}

/** The objects of NDJSON. */
export function objectsIn(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
