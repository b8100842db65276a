/** Runs one command line: parses it, and turns errors into a sentence and an exit code. */
import { CommanderError } from 'commander';
import { explain, exitCodes } from './output/exit-codes';
import type { Io } from './output/io';
import { withoutTokens } from './output/without-tokens';
import { programFor } from './program';

/** Resolves with the exit code; never rejects. */
export async function run(args: readonly string[], given: Io): Promise<number> {
  const io: Io = {
    ...given,
    complain: (text) => {
      given.complain(withoutTokens(text));
    },
  };
  try {
    const program = programFor(io);
    // Without a command: what there is, as help.
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return io.interrupted.aborted ? exitCodes.interrupted : exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (io.interrupted.aborted) return exitCodes.interrupted;
    const { code, text } = explain(error);
    io.complain(`${text}\n`);
    return code;
  }
}
