/** How a command ends, for scripts. `docs/cli.md` lists the same; a test compares them. */
import { PubSubError } from '@artcafe/pubsub';

export const exitCodes = {
  done: 0,
  /** The service or AWS refused, or the command has a defect. */
  failed: 1,
  /** The command line or a file that it names is wrong. */
  usage: 2,
  /** The bus cannot be reached. */
  unreachable: 3,
  /** The token is missing or bad, or does not grant it. */
  refused: 4,
  /** Nobody answered in time. */
  unanswered: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command with a sentence and an exit code of its own. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Compared by name, because importing the gateway for its error class would slow down every command. */
const mistakes = ['UsageError', 'SettingsError', 'TokenError', 'GatewayError'];
const ofCode: Readonly<Record<string, ExitCode>> = {
  unauthorized: exitCodes.refused,
  forbidden: exitCodes.refused,
  token_expired: exitCodes.refused,
  revoked: exitCodes.refused,
  no_responders: exitCodes.unanswered,
  no_handler: exitCodes.unanswered,
  timeout: exitCodes.unanswered,
  connection_lost: exitCodes.unreachable,
  unavailable: exitCodes.unreachable,
};

/** The exit code of an error, and what to say about it: one sentence, or the stack of a defect. */
export function explain(error: unknown): { readonly code: ExitCode; readonly text: string } {
  if (!(error instanceof Error)) return { code: exitCodes.failed, text: String(error) };
  if (error instanceof CommandError) return { code: error.exitCode, text: error.message };
  if (error instanceof PubSubError) {
    const why = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    const said = error.message === error.code ? error.code : `${error.code}: ${error.message}`;
    return { code: ofCode[error.code] ?? exitCodes.failed, text: `${said}${why}` };
  }
  if (!mistakes.includes(error.name)) return { code: exitCodes.failed, text: error.stack ?? error.message };
  const { hint } = error as { hint?: unknown };
  return {
    code: exitCodes.usage,
    text: typeof hint === 'string' ? `${error.message} ${hint}` : error.message,
  };
}
