/**
 * What all commands share: where files are, and how mistakes are told.
 * A user's mistake is one sentence on stderr; anything else is a defect and shows its stack.
 */
import path from 'node:path';

/** The checkout that this command belongs to, wherever it is called from. */
export const repository = path.join(__dirname, '..');

/** Key behind all laptop gateways of this checkout; made on first use, never committed. */
export const localKeyFile = path.join(repository, '.local', 'token-key.pem');

/** The caller used a command wrongly, or something that it needs is missing. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** By name, because loading the gateway to ask for one of its classes would slow down every command. */
const mistakes = new Set(['UsageError', 'SettingsError', 'TokenError', 'GatewayError']);

/** Relative to where the user is, not to the package that `npm run` changes into. */
export function userPath(file: string): string {
  return path.resolve(process.env.INIT_CWD ?? process.cwd(), file);
}

export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(sentence(error));
    process.exit(1);
  }
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  if (mistakes.has(error.name)) return typeof hint === 'string' ? `${error.message} ${hint}` : error.message;
  // node:util explains at length how to pass such a text as an operand; commands here have no use for that.
  if (String(code).startsWith('ERR_PARSE_ARGS')) return `${error.message.split('. ')[0] ?? ''}. Try --help.`;
  return error.stack ?? error.message;
}
