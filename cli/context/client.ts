/** A client of the SDK for a command, and what all commands that connect have in common. */
import { PubSub, type PubSubOptions } from '@artcafe/pubsub';
import WebSocket from 'ws';
import type { Io } from '../output/io';
import { type Context, contextOf, type Location } from './context';
import { mintToken } from './tokens';

/** Options of a command that connects as an agent. */
export interface Who extends Location {
  readonly tenant: string;
  readonly agent: string;
  readonly token?: string;
  /** Of a new token; absent = an agent. */
  readonly role?: 'observer' | 'service';
  readonly json?: boolean;
}

/** Longer than a cold start, shorter than a person's patience. */
export const connectMs = 15_000;

/** A token function: the user's own token, or a new one whenever the client connects. */
export function tokenSource(context: Context, who: Who, io: Io): PubSubOptions['token'] {
  const given = who.token ?? io.environment.ARTCAFE_TOKEN;
  if (given !== undefined && given !== '') return given;
  return () => mintToken(context, who);
}

/** A client for the bus of the options; not connected yet. */
export async function clientFor(who: Who, io: Io, further: Partial<PubSubOptions> = {}): Promise<PubSub> {
  const context = await contextOf(who, io);
  // A gateway that is not there is said at once, in one sentence, instead of tried for a long time.
  if (context.isLaptop && who.token === undefined) await context.outputs();
  const bus = new PubSub({ url: context.url, token: tokenSource(context, who, io), WebSocket, ...further });
  bus.on('retrying', ({ attempt, error }) => {
    if (attempt === 1) io.complain(`No connection at the moment (${error.message}); trying again …\n`);
  });
  bus.on('error', (error) => {
    io.complain(`${error instanceof Error ? error.message : String(error)}\n`);
  });
  return bus;
}

/** Connects, works and closes, whatever happens. */
export async function withClient<Result>(
  who: Who,
  io: Io,
  work: (bus: PubSub) => Promise<Result>,
  further?: Partial<PubSubOptions>,
): Promise<Result> {
  const bus = await clientFor(who, io, further);
  try {
    // The latest error, because the one of the deadline says only that it has passed.
    await bus.connect({ timeout: connectMs, signal: io.interrupted });
    return await work(bus);
  } finally {
    await bus.close();
  }
}
