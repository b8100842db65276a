/** The command of the package: what the shell starts. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { run } from './run';

// The AWS SDK would print a notice about Node 20 among the output of a command.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** One Ctrl-C can arrive twice, because a parent process forwards it. */
const sameKeystrokeMs = 500;
const interruptedStatus = 130;

const interruption = new AbortController();
let first: number | undefined;
const interrupt = () => {
  // A later signal ends the process without waiting for open connections.
  if (first !== undefined && Date.now() - first > sameKeystrokeMs) process.exit(interruptedStatus);
  first ??= Date.now();
  interruption.abort();
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
// A reader that has seen enough, such as head, closes the pipe.
process.stdout.on('error', () => process.exit(0));

void run(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  input: process.stdin,
  isTerminal: process.stdout.isTTY,
  hasTypist: process.stdin.isTTY,
  columns: process.stdout.columns,
  environment: process.env,
  directory: process.cwd(),
  packageFolder: path.join(path.dirname(realpathSync(process.argv[1] ?? '.')), 'dist'),
  interrupted: interruption.signal,
}).then((code) => {
  process.exit(code);
});
