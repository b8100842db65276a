/** What a command may use of the process, so that tests run it without one. */
export interface Io {
  /** Standard output: what was asked for, and nothing else. */
  readonly write: (text: string) => void;
  /** Standard error: progress, hints, errors. */
  readonly complain: (text: string) => void;
  readonly input: NodeJS.ReadableStream;
  /** Whether a person sees the output; otherwise there are neither colours nor progress. */
  readonly isTerminal: boolean;
  /** Whether a person types the input. */
  readonly hasTypist: boolean;
  readonly columns: number | undefined;
  readonly environment: Readonly<Partial<Record<string, string>>>;
  /** Relative names of files start here. */
  readonly directory: string;
  /** Where the built files of the package are. */
  readonly packageFolder: string;
  /** Aborts with Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Resolves with Ctrl-C. */
export function interruption({ interrupted }: Io): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    interrupted.addEventListener('abort', () => {
      resolve();
    });
  });
}
