/** What the functions of a context have logged about one message. */
import { setTimeout } from 'node:timers/promises';
import { type Asked, type Line, searchesFor } from '../../console/explain/explanation';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';
import { type Context, originOf } from './context';
import { type LogQuery, queryLines } from './insights';

export interface AcceptedMessage extends Asked {
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

interface LogPage {
  readonly lines: readonly { readonly line: Line }[];
  readonly next: string;
}

/** What a search needs of it. */
export type SearchedMessage = Pick<AcceptedMessage, 'id' | 'epoch' | 'to' | 'timestamp'>;

/** Output `LogGroups` of a deployment: the names of the groups by function. */
interface LogGroups {
  readonly default: string;
  readonly http: string;
  readonly inbox: string;
  readonly [name: string]: string;
}

const minuteMs = 60_000;
/** A message can have the time of one in front of it, which another clock has given. */
const beforeMs = 5 * minuteMs;
/** The line of a message is written when all its copies are posted. */
const afterMs = 15 * minuteMs;

/** @throws CommandError when the lines of a deployed stack cannot be read */
export async function logLines(context: Context, message: SearchedMessage, io: Io): Promise<readonly Line[]> {
  if (context.isLaptop) {
    const found = await Promise.all(searchesFor(message).map((text) => linesOfLaptop(context, text)));
    return found.flat();
  }
  const queries = queriesFor(message, await groupsOf(context));
  const found = await Promise.all(queries.map((query) => queryLines(query, { pause: pauseUntil(io) })));
  if (found.some(({ isCut }) => isCut))
    io.complain('CloudWatch has more log lines than one query gives; what only they tell is unknown.\n');
  return found.flatMap(({ lines }) => lines);
}

/** Pauses that Ctrl-C ends. */
export function pauseUntil({ interrupted }: Io): (ms: number) => Promise<unknown> {
  return (ms) => setTimeout(ms, undefined, { signal: interrupted });
}

/** Of the run that has written the message, and of later pushes of its inbox. */
function queriesFor({ id, epoch = '', to, timestamp }: SearchedMessage, groups: LogGroups): LogQuery[] {
  const from = timestamp - beforeMs;
  const { inbox, ...publishers } = groups;
  const ofItsRun = {
    groups: Object.values(publishers),
    texts: [epoch, id],
    ...{ from, to: timestamp + afterMs },
  };
  const ofPushes = { groups: [inbox], texts: [epoch, 'inbox_push'], from, to: Date.now() + minuteMs };
  return to === undefined ? [ofItsRun] : [ofItsRun, ofPushes];
}

/** @throws CommandError for a stack of an earlier release */
export async function groupsOf(context: Context): Promise<LogGroups> {
  const { LogGroups: text } = await context.outputs();
  if (text !== undefined) return JSON.parse(text) as LogGroups;
  throw new CommandError(
    exitCodes.failed,
    `"${context.name}" is of an earlier release, which does not name its log groups: deploy it again.`,
  );
}

async function linesOfLaptop({ url }: Context, text: string): Promise<readonly Line[]> {
  const found: Line[] = [];
  for (let since = '0'; ;) {
    const page = new URL('/_gateway/logs', originOf(url));
    page.search = new URLSearchParams({ since, contains: text }).toString();
    const response = await fetch(page);
    if (!response.ok) return found;
    const { lines, next } = (await response.json()) as LogPage;
    found.push(...lines.map(({ line }) => line));
    if (next === since || lines.length === 0) return found;
    since = next;
  }
}
