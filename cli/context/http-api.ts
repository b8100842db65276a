/** What commands ask the HTTP API, page by page. */
import { CommandError, exitCodes, type ExitCode } from '../output/exit-codes';
import type { Io } from '../output/io';
import { tokenSource, type Who } from './client';
import { contextOf, httpBase, type Outputs } from './context';

/** The end of a channel's log, as `GET /v1/channels` lists it. */
export interface ChannelHead {
  readonly channel_id: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly timestamp: string;
}

interface ChannelPage {
  readonly channels?: readonly ChannelHead[];
  readonly next?: string;
}

const refused: Readonly<Partial<Record<number, ExitCode>>> = {
  401: exitCodes.refused,
  403: exitCodes.refused,
};

/** Every channel of the tenant that the token may read. */
export async function* channelsOf(who: Who, io: Io): AsyncGenerator<ChannelHead, void, undefined> {
  const context = contextOf(who, io);
  const source = tokenSource(context, who, io);
  const token = typeof source === 'function' ? await source() : source;
  const outputs = await context.outputs().catch((): Outputs => ({}));
  const base = outputs.HttpUrl ?? httpBase(context.url);
  let next: string | undefined;
  do {
    const url = new URL(`${base}/v1/channels`);
    if (next !== undefined) url.searchParams.set('after', next);
    const page: ChannelPage = await get(url, token);
    yield* page.channels ?? [];
    next = page.next;
  } while (next !== undefined);
}

/** None where the deployment has no HTTP API, or the token may not list. */
export async function channelNames(who: Who, io: Io): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { channel_id: name } of channelsOf(who, io)) names.push(name);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
  return names;
}

async function get<Page>(url: URL, token: string): Promise<Page> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(
    (error: unknown) => {
      throw new CommandError(exitCodes.unreachable, `The HTTP API at ${url.origin} does not answer.`, {
        cause: error,
      });
    },
  );
  if (response.ok) return (await response.json()) as Page;
  const problem = (await response.json().catch(() => ({}))) as {
    readonly code?: string;
    readonly detail?: string;
  };
  const why = [problem.code, problem.detail].filter((text) => text !== undefined).join(': ');
  throw new CommandError(
    refused[response.status] ?? exitCodes.failed,
    `The HTTP API at ${url.origin} refuses with ${response.status}${why === '' ? '' : ` (${why})`}.`,
  );
}
