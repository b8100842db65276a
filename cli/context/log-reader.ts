/** Messages in the log of a channel or an inbox, read over the HTTP API: the agent that reads gets no mail by it, and stays as it was. */
import type { WireMessage } from '../output/printer';
import type { HttpApi } from './http-api';

/** A message as on the wire, in a log. */
export interface LoggedMessage extends WireMessage {
  readonly id: string;
  readonly tenant_id: string;
  readonly channel_id?: string;
  readonly to?: string;
  readonly sequence: number;
  readonly epoch: string;
}

export const inboxName = '$inbox';

interface MessagePage {
  /** Of the head of the log. */
  readonly epoch: string;
  readonly sequence: number;
  /** Oldest first. */
  readonly messages: readonly LoggedMessage[];
  /** Older ones. */
  readonly next?: string;
}

/** Of one request. */
const maxPerPage = 1_000;

/** The newest messages, up to `limit` of them, oldest first. */
export async function newestMessages(
  api: HttpApi,
  channel: string,
  limit: number,
): Promise<readonly LoggedMessage[]> {
  const pages: (readonly LoggedMessage[])[] = [];
  let before: string | undefined;
  let wanted = limit;
  do {
    const page = await readPage(api, channel, Math.min(wanted, maxPerPage), before);
    pages.unshift(page.messages);
    wanted -= page.messages.length;
    before = page.next;
  } while (before !== undefined && wanted > 0);
  return pages.flat();
}

/** In the log's present epoch; `undefined` when it is not there. */
export async function messageAt(
  api: HttpApi,
  channel: string,
  sequence: number,
): Promise<LoggedMessage | undefined> {
  const { epoch, sequence: head } = await readPage(api, channel, 1);
  if (head < sequence) return undefined;
  const { messages } = await readPage(api, channel, 1, cursorAt(epoch, sequence + 1));
  return messages.find((message) => message.sequence === sequence);
}

function readPage(api: HttpApi, channel: string, limit: number, before?: string): Promise<MessagePage> {
  const name = channel === inboxName ? inboxName : encodeURIComponent(channel);
  return api.get<MessagePage>(`channels/${name}/messages`, { limit: String(limit), before });
}

/** Opaque to others; the command is released with the service that makes them (lambda/http/query.ts). */
function cursorAt(epoch: string, sequence: number): string {
  return Buffer.from(JSON.stringify({ epoch, sequence })).toString('base64url');
}
