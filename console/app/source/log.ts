/** Log lines of the functions, from the laptop gateway: what one message went through, and how long ACKs take. */
import { signal } from '@preact/signals';
import { fromGateway, type LogLine } from './gateway';
import { session } from './session';

interface LogPage {
  readonly lines: readonly LogLine[];
  readonly next: string;
}

/** Newest first: lines of level `error`. */
export const errorLines = signal<readonly LogLine[]>([]);
/** `false` where the gateway keeps no log. */
export const hasLog = signal<boolean | undefined>(undefined);

const keptErrors = 200;
let cursor: string | undefined;

const pageSize = 1_000;

/** Lines since the last call. Those of the first call are older than this page. */
export async function newLines(): Promise<{ readonly lines: readonly LogLine[]; readonly areOld: boolean }> {
  const areOld = cursor === undefined;
  let page: LogPage | undefined;
  const lines: LogLine[] = [];
  do {
    page = await fromGateway<LogPage>(`logs?since=${cursor ?? '0'}`);
    hasLog.value = page !== undefined;
    if (page === undefined) return { lines: [], areOld };
    cursor = page.next;
    lines.push(...page.lines);
  } while (page.lines.length === pageSize);
  const errors = lines.filter(isError);
  if (errors.length > 0) errorLines.value = [...errors.reverse(), ...errorLines.value].slice(0, keptErrors);
  return { lines, areOld };
}

export function isError({ line }: LogLine): boolean {
  return line.level === 'error' || line.level === 'ERROR';
}

/** Whether messages of the watched tenant were published. The gateway has the lines of all tenants. */
export function isPublished({ line }: LogLine): boolean {
  return line.event === 'published' && line.tenant_id === session.value?.tenant;
}

/** Channels that were published to, each once. */
export function channelsIn(lines: readonly LogLine[]): readonly string[] {
  const names = lines.filter(isPublished).map(({ line }) => line.channel_id);
  return [...new Set(names)].filter((name) => typeof name === 'string');
}

/** Every line with the text, oldest first. */
export async function linesWith(text: string): Promise<readonly LogLine[] | undefined> {
  return (await fromGateway<LogPage>(`logs?contains=${encodeURIComponent(text)}`))?.lines;
}

export function numberIn(line: LogLine['line'], name: string): number | undefined {
  const value = line[name];
  return typeof value === 'number' ? value : undefined;
}

/** What can come of a post to one connection. */
export const outcomes = ['delivered', 'gone', 'throttled', 'failed', 'refused', 'lost', 'late'] as const;

/** Connections that a publish was for; unknown where the line has no counts. */
export function receiversIn(line: LogLine['line']): number | undefined {
  const counts = outcomes.map((name) => numberIn(line, name)).filter((value) => value !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((sum, value) => sum + value, 0);
}
