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
  for await (const page of pages('channels')) yield page.channels ?? [];
}

/** Pages of up to 100. */
export async function* agents(): AsyncGenerator<readonly AgentEntry[], void, undefined> {
  for await (const page of pages('agents')) yield page.agents ?? [];
}

export function agent(id: string): Promise<AgentEntry> {
  return call<AgentEntry>(`agents/${encodeURIComponent(id)}`);
}

/** Ends every connection of the agent. */
export function kick(id: string, token: string): Promise<object> {
  return call(`agents/${encodeURIComponent(id)}/connections`, { method: 'DELETE' }, token);
}

interface Page {
  readonly channels?: readonly ChannelEntry[];
  readonly agents?: readonly AgentEntry[];
  readonly next?: string;
}

async function* pages(path: string): AsyncGenerator<Page, void, undefined> {
  let next: string | undefined;
  do {
    const page = await call<Page>(next === undefined ? path : `${path}?after=${encodeURIComponent(next)}`);
    yield page;
    next = page.next;
  } while (next !== undefined);
}
