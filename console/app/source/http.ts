/** A typed client of the HTTP API, as far as the console needs it. Requests go to the page's own address. */
import { observerToken } from './session';

export interface ChannelEntry {
  readonly channel_id: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly timestamp?: string;
}

export interface AgentEntry {
  readonly agent_id: string;
  readonly status: string;
  readonly capabilities?: readonly string[];
  readonly version?: number;
  readonly changed_at?: string;
  /** How many, or which. */
  readonly connections?: number | readonly unknown[];
}

/** An answer that is not 2xx, with the `code` of its problem details. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly title?: string;
  readonly message?: string;
}

async function call<Answer>(path: string, init: RequestInit = {}, token?: string): Promise<Answer> {
  const answer = await fetch(`/v1/${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${token ?? (await observerToken())}`,
      ...(init.body !== undefined && { 'content-type': 'application/json' }),
    },
  });
  const text = await answer.text();
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch {
    body = { message: text.slice(0, 200) };
  }
  if (answer.ok) return body as Answer;
  const { code, detail, title, message } = body as Problem;
  throw new HttpError(answer.status, code, detail ?? title ?? message ?? `HTTP ${answer.status}`);
}

/** Pages of 25. */
export async function* channels(): AsyncGenerator<readonly ChannelEntry[], void, undefined> {
  yield* pages<{ channels: readonly ChannelEntry[]; next?: string }, ChannelEntry>(
    'channels',
    (page) => page.channels,
  );
}

/** Pages of up to 100. */
export async function* agents(): AsyncGenerator<readonly AgentEntry[], void, undefined> {
  yield* pages<{ agents: readonly AgentEntry[]; next?: string }, AgentEntry>('agents', (page) => page.agents);
}

export function agent(id: string): Promise<AgentEntry> {
  return call<AgentEntry>(`agents/${encodeURIComponent(id)}`);
}

/** Ends every connection of the agent. */
export function kick(id: string, token: string): Promise<object> {
  return call(`agents/${encodeURIComponent(id)}/connections`, { method: 'DELETE' }, token);
}

async function* pages<Page extends { readonly next?: string }, Entry>(
  path: string,
  entries: (page: Page) => readonly Entry[],
): AsyncGenerator<readonly Entry[], void, undefined> {
  let next: string | undefined;
  do {
    const page: Page = await call<Page>(
      next === undefined ? path : `${path}?after=${encodeURIComponent(next)}`,
    );
    yield entries(page);
    next = page.next;
  } while (next !== undefined);
}
