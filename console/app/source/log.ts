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

/** Lines since the last call. What is older than this page is not among them. */
export async function newLines(): Promise<readonly LogLine[]> {
  const isFirst = cursor === undefined;
  let page: LogPage | undefined;
  const lines: LogLine[] = [];
  do {
    page = await fromGateway<LogPage>(`logs?since=${cursor ?? '0'}`);
    hasLog.value = page !== undefined;
    if (page === undefined) return [];
    cursor = page.next;
    lines.push(...page.lines);
  } while (page.lines.length === pageSize);
  const errors = lines.filter(isError);
  if (errors.length > 0) errorLines.value = [...errors.reverse(), ...errorLines.value].slice(0, keptErrors);
  return isFirst ? [] : lines;
}

export function isError({ line }: LogLine): boolean {
  return line.level === 'error' || line.level === 'ERROR';
}

/** Whether messages of the watched tenant were published. The gateway has the lines of all tenants. */
export function isPublished({ line }: LogLine): boolean {
  return line.event === 'published' && line.tenant_id === session.value?.tenant;
}

/** Every kept line with one of the texts. `undefined` where the gateway keeps no log. */
export async function linesWith(texts: readonly string[]): Promise<readonly LogLine[] | undefined> {
  const found: LogLine[] = [];
  for (const text of texts) {
    let since = '0';
    let page: LogPage | undefined;
    do {
      page = await fromGateway<LogPage>(`logs?since=${since}&contains=${encodeURIComponent(text)}`);
      if (page === undefined) return undefined;
      since = page.next;
      found.push(...page.lines);
    } while (page.lines.length === pageSize);
  }
  return found;
}
