/** The checks of `artcafe doctor`, in the order in which a connection needs them. Later ones are left out when one fails. */
import WebSocket from 'ws';
import { tokenSource, type Who } from '../context/client';
import { type Context, contextOf, httpBase } from '../context/context';
import { explain } from '../output/exit-codes';
import type { Io } from '../output/io';

export interface Finding {
  readonly check: 'URL' | 'server' | 'clock' | 'token' | 'handshake' | 'sub-protocol';
  readonly good: boolean;
  readonly said: string;
}

const answerMs = 10_000;
/** The service accepts an `iat` that is five seconds ahead. */
const toleratedMs = 5_000;
const subProtocol = 'artcafe.v1';

/** What a refused handshake means (docs/protocol.md, Connect). */
const refusals: Readonly<Partial<Record<number, string>>> = {
  401: 'the token is missing, expired, revoked, or was not issued for this deployment',
  403: 'the path does not exist, or the token does not allow this tenant, agent or channel',
  429: 'the agent has too many connections, or too many connections were opened in the same second',
};

export async function* diagnose(who: Who, io: Io): AsyncGenerator<Finding, void, undefined> {
  let context: Context;
  try {
    context = await contextOf(who, io);
  } catch (error) {
    yield { check: 'URL', good: false, said: explain(error).text };
    return;
  }
  yield { check: 'URL', good: true, said: `${context.url} (${context.name})` };

  const server = await askServer(context.url);
  yield { check: 'server', good: server.good, said: server.said };
  if (!server.good) return;
  if (server.aheadMs !== undefined) yield clockFinding(server.aheadMs);

  const token = await tokenOf(context, who, io);
  yield token.finding;
  if (token.text === undefined) return;
  yield* handshake(context.url, token.text);
}

interface Answer {
  readonly good: boolean;
  readonly said: string;
  /** How far the clock here is ahead of the server's. */
  readonly aheadMs?: number;
}

/** Any answer will do: it proves name, port and TLS, and has a date. */
async function askServer(url: string): Promise<Answer> {
  const asked = Date.now();
  try {
    const { headers } = await fetch(httpBase(url), { signal: AbortSignal.timeout(answerMs) });
    const middle = (asked + Date.now()) / 2;
    const date = Date.parse(headers.get('date') ?? '');
    const said = url.startsWith('wss:') ? 'answers, and its certificate is good' : 'answers, without TLS';
    // The header has whole seconds.
    return { good: true, said, ...(Number.isNaN(date) ? {} : { aheadMs: middle - (date + 500) }) };
  } catch (error) {
    return { good: false, said: `does not answer: ${causeOf(error)}` };
  }
}

/** What fetch itself says is only that it has failed. */
function causeOf(error: unknown): string {
  const { message, cause } = error as {
    readonly message: string;
    readonly cause?: { readonly message?: string; readonly code?: string };
  };
  const why = [cause?.message, cause?.code].filter((text) => text !== undefined && text !== '');
  return why.length === 0 ? message : why.join(', ');
}

function clockFinding(aheadMs: number): Finding {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  const good = Math.abs(aheadMs) <= toleratedMs;
  const advice = good ? '' : '; tokens that are signed here may be refused: set the clock';
  return { check: 'clock', good, said: `${seconds} s ${direction} the server's${advice}` };
}

async function tokenOf(context: Context, who: Who, io: Io): Promise<{ finding: Finding; text?: string }> {
  try {
    const source = tokenSource(context, who, io);
    const text = typeof source === 'function' ? await source() : source;
    const fault = faultOf(text, await context.outputs().catch(() => ({})));
    if (fault !== undefined) return { finding: { check: 'token', good: false, said: fault }, text };
    const { exp } = claimsOf(text) ?? {};
    const until = new Date(Number(exp) * 1_000).toISOString();
    return { finding: { check: 'token', good: true, said: `good until ${until}` }, text };
  } catch (error) {
    return { finding: { check: 'token', good: false, said: explain(error).text } };
  }
}

type Claims = Readonly<Record<string, unknown>>;

/** What its claims show; whether it is signed by the right key only the service knows. */
function faultOf(token: string, outputs: Readonly<Partial<Record<string, string>>>): string | undefined {
  const claims = claimsOf(token);
  if (claims === undefined) return 'is not a JWT';
  const { exp, nbf, iss, aud } = claims;
  const { TokenIssuer: issuer, TokenAudience: audience } = outputs;
  const now = Date.now() / 1_000;
  if (typeof exp !== 'number') return 'has no expiry (exp)';
  if (exp <= now) return `has expired at ${new Date(exp * 1_000).toISOString()}`;
  if (typeof nbf === 'number' && nbf > now + toleratedMs / 1_000) return 'is not valid yet (nbf)';
  if (issuer !== undefined && iss !== issuer) return `is of the issuer ${String(iss)}, not of ${issuer}`;
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audience !== undefined && !audiences.includes(audience))
    return `is for the audience ${audiences.join(', ')}, not for ${audience}`;
  return undefined;
}

function claimsOf(token: string): Claims | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

async function* handshake(url: string, token: string): AsyncGenerator<Finding, void, undefined> {
  const socket = new WebSocket(`${url}/ws?token=${encodeURIComponent(token)}`, [subProtocol], {
    handshakeTimeout: answerMs,
  });
  const outcome = await new Promise<{ readonly status?: number | undefined; readonly error?: Error }>(
    (resolve) => {
      socket.on('open', () => {
        resolve({ status: 101 });
      });
      socket.on('unexpected-response', (_request, { statusCode }) => {
        resolve({ status: statusCode });
      });
      socket.on('error', (error) => {
        resolve({ error });
      });
    },
  );
  const { status = 0, error } = outcome;
  if (status !== 101) {
    const meaning = refusals[status] ?? 'the service does not work at the moment';
    const said = error === undefined ? `refused with ${status}: ${meaning}` : `failed: ${error.message}`;
    socket.terminate();
    yield { check: 'handshake', good: false, said };
    return;
  }
  yield { check: 'handshake', good: true, said: 'the token is accepted' };
  const good = socket.protocol === subProtocol;
  const named = socket.protocol === '' ? 'none: a proxy in between removes it' : socket.protocol;
  yield { check: 'sub-protocol', good, said: good ? subProtocol : `the answer names ${named}` };
  socket.terminate();
}
