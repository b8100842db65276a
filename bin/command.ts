/**
 * What all commands share: file locations and error output. A user error is one sentence on stderr; anything else is
 * a defect and prints its stack.
 */
import path from 'node:path';

// The AWS SDK would print a notice about Node 20 among the output of a command.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** The root of the repository, whatever the current folder is. */
export const repository = path.join(__dirname, '..');

/** The key of all laptop gateways of this checkout; created on first use, never committed. */
export const localKeyFile = path.join(repository, '.local', 'token-key.pem');

/** Compared by name, because importing the gateway for its error class would slow down every command. */
const mistakes = new Set(['UsageError', 'SettingsError', 'TokenError', 'GatewayError']);

/** Relative to the user's current folder; `npm run` changes to the package's. */
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
  // Only the first sentence of the message of node:util: the rest explains operands, which no command here takes.
  if (String(code).startsWith('ERR_PARSE_ARGS')) return `${error.message.split('. ')[0] ?? ''}. Try --help.`;
  return error.stack ?? error.message;
}
