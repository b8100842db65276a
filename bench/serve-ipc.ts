/** The counterpart of `child.ts`: handles the messages of a benchmark process. */

/** Answers every message. A failure ends the process and the benchmark. */
export function serveIpc(answer: (message: never) => Promise<object>): void {
  process.on('message', (message) => {
    answer(message as never).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        process.exit(1);
      },
    );
  });
}
