/**
 * `npm run connect -- URL`: an interactive connection. Prints received frames and sends each typed line. A JSON
 * object or array is sent unchanged; any other line becomes the content of a message.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { runCommand } from './command';
import { UsageError } from './usage-error';

const usage = `Usage: npm run connect -- URL [--protocol artcafe.v1]

  URL         for example "ws://127.0.0.1:8787/v1/ws?channel_id=lobby&token=..."
  --protocol  sub-protocol to ask for (default: none)`;

const lastAnswersMs = 1_000;

/** A rejected handshake has only a status; these are the meanings (docs/protocol.md, Connect). */
const reasons: Readonly<Partial<Record<number, string>>> = {
  401: 'the token is missing, expired, or was not issued for this deployment',
  403: 'the path does not exist, or the token does not allow this tenant, agent or channel',
  429: 'the agent has too many connections, or too many connections were opened in the same second',
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { protocol: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const [url, ...rest] = positionals;
  if (url === undefined || rest.length > 0) throw new UsageError('One URL is needed; see --help.');
  if (!/^wss?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError('The URL must start with ws:// or wss://; see --help.');
  }
  await relay(new WebSocket(url, values.protocol === undefined ? [] : [values.protocol]));
}

/** Resolves when either side closes. */
function relay(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_request, { statusCode, statusMessage }: IncomingMessage) => {
      const reason = reasons[statusCode ?? 0];
      const refusal = `The server rejected the connection: ${statusCode ?? ''} ${statusMessage ?? ''}`;
      reject(new UsageError(reason === undefined ? `${refusal}.` : `${refusal} (${reason}).`));
      socket.terminate();
    });
    socket.on('error', (error) => {
      reject(new UsageError(`No connection: ${error.message || 'the server cannot be reached'}.`));
    });
    socket.on('message', (data: Buffer) => {
      console.log(data.toString('utf8'));
    });
    socket.on('open', () => {
      console.error('Connected. Type a message, or a frame as JSON; Ctrl-C ends.');
      const lines = createInterface({ input: process.stdin });
      lines.on('line', (line) => {
        if (line.trim() !== '') socket.send(frame(line));
      });
      lines.on('close', () => {
        // Piped input ends before its answers arrive, so wait for them.
        setTimeout(() => {
          socket.close(1000);
        }, lastAnswersMs).unref();
      });
      socket.on('close', (code) => {
        console.error(`Closed (${code}).`);
        lines.close();
        resolve();
      });
    });
  });
}

function frame(line: string): string {
  const text = line.trim();
  const isFrame = /^[[{]/.test(text) && parses(text);
  return isFrame ? text : JSON.stringify({ id: randomUUID(), type: 'message', content: text });
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

void runCommand(main);
