/**
 * The other end of `child.ts`: what a process of the benchmark does with its messages.
 */

/** Answers every message. A failure ends the process, and with it the benchmark. */
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
