/** What commands ask the HTTP API, page by page. A request is no connection: nobody sees it, and no mail is pushed to it. */
import { CommandError, type ExitCode, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { tokenSource, type Who } from './client';
import { type Context, contextOf, originOf } from './context';

/** The end of a channel's log, as `GET /v1/channels` lists it. */
export interface ChannelHead {
  readonly channel_id: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly timestamp: string;
}

interface ChannelPage {
  readonly channels: readonly ChannelHead[];
  readonly next?: string;
}

/** An agent, as `GET /v1/agents` lists it. */
export interface AgentEntry {
  readonly agent_id: string;
  readonly status: string;
  readonly capabilities: readonly string[];
  readonly version: number;
  readonly changed_at: string;
}

interface AgentPage {
  readonly agents: readonly AgentEntry[];
  readonly next?: string;
}

export interface AgentQuery {
  /** Only this one. */
  readonly agent?: string | undefined;
  readonly status?: string | undefined;
  readonly capability?: string | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

const refused: Readonly<Partial<Record<number, ExitCode>>> = {
  401: exitCodes.refused,
  403: exitCodes.refused,
};

/** Every channel of the tenant that the token may read, by id. */
export async function* channelsOf(who: Who, io: Io): AsyncGenerator<ChannelHead, void, undefined> {
  for await (const { channels } of pagesOf<ChannelPage>(await apiOf(who, io), 'channels', {}))
    yield* channels;
}

/** Every agent of the tenant that fits, by id. */
export async function* agentsOf(
  who: Who,
  io: Io,
  { agent, status, capability }: AgentQuery,
): AsyncGenerator<AgentEntry, void, undefined> {
  const api = await apiOf(who, io);
  if (agent !== undefined) {
    // Any id may be written like this; some must be (HTTP-5).
    const found = await api.get<AgentEntry>(`agents/~${Buffer.from(agent).toString('base64url')}`, {}, true);
    const fits =
      (status === undefined || found?.status === status) &&
      (capability === undefined || found?.capabilities.includes(capability));
    if (found !== undefined && fits) yield found;
    return;
  }
  for await (const { agents } of pagesOf<AgentPage>(api, 'agents', { status, capability })) yield* agents;
}

/** For lists that a program reads; none where the deployment has no HTTP API, or the token may not list. */
export async function channelNames(who: Who, io: Io): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { channel_id: name } of channelsOf(who, io)) names.push(name);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
  return names;
}

/** Of the HTTP API, with `/v1`; absent in deployments of earlier releases. */
export async function httpBaseOf(context: Context): Promise<string | undefined> {
  if (context.isLaptop) return `${originOf(context.url)}/v1`;
  const { EdgeHttpUrl: edge, HttpUrl: own } = await context.outputs();
  return (edge ?? own)?.replace(/\/$/, '');
}

async function baseOf(context: Context): Promise<string> {
  const base = await httpBaseOf(context);
  if (base !== undefined) return base;
  throw new CommandError(exitCodes.failed, `"${context.name}" has no HTTP API; deploy it again.`);
}

/** With one token for all requests. */
export async function apiOf(who: Who, io: Io): Promise<HttpApi> {
  const context = await contextOf(who, io);
  const source = tokenSource(context, who, io);
  const token = typeof source === 'function' ? await source() : source;
  return new HttpApi(await baseOf(context), token, io);
}

async function* pagesOf<Page extends { readonly next?: string }>(
  api: HttpApi,
  path: string,
  query: Query,
): AsyncGenerator<Page, void, undefined> {
  let next: string | undefined;
  do {
    const page: Page = await api.get<Page>(path, { ...query, after: next });
    yield page;
    next = page.next;
  } while (next !== undefined);
}

export class HttpApi {
  constructor(
    private readonly base: string,
    private readonly token: string,
    private readonly io: Io,
  ) {}

  /** @throws CommandError when it does not answer, or refuses */
  get<Page>(path: string, query: Query): Promise<Page>;
  /** @param mayLack `undefined` for what is not there */
  get<Page>(path: string, query: Query, mayLack: true): Promise<Page | undefined>;
  async get<Page>(path: string, query: Query, mayLack = false): Promise<Page | undefined> {
    const url = new URL(`${this.base}/${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    const headers = { authorization: `Bearer ${this.token}` };
    const response = await fetch(url, { headers, signal: this.io.interrupted }).catch((error: unknown) => {
      throw new CommandError(exitCodes.unreachable, `The HTTP API at ${url.origin} does not answer.`, {
        cause: error,
      });
    });
    if (response.ok) return (await response.json()) as Page;
    if (response.status === 404 && mayLack) return undefined;
    throw await refusalOf(response, url);
  }
}

async function refusalOf(response: Response, { origin }: URL): Promise<CommandError> {
  const { code, detail } = (await response.json().catch(() => ({}))) as {
    readonly code?: string;
    readonly detail?: string;
  };
  const why = [code, detail].filter((text) => text !== undefined).join(': ');
  return new CommandError(
    refused[response.status] ?? exitCodes.failed,
    `The HTTP API at ${origin} refuses with ${response.status}${why === '' ? '' : ` (${why})`}.`,
  );
}
