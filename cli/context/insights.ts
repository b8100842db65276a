/** Queries of CloudWatch Logs Insights, such as for the log lines of a deployed stack that have some texts. */
import type { CloudWatchLogsClient, CloudWatchLogsClientConfig } from '@aws-sdk/client-cloudwatch-logs';
import type { Line } from '../../console/explain/explanation';
import { CommandError, exitCodes } from '../output/exit-codes';

/** Of which log lines. */
export interface LogRange {
  readonly groups: readonly string[];
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

export interface LogQuery extends LogRange {
  /** Each line has all of them. */
  readonly texts: readonly string[];
}

export interface InsightsOptions {
  /** Default: as the environment says. */
  readonly client?: CloudWatchLogsClientConfig;
  /** Resolves after this many milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
}

export interface FoundLines {
  /** Oldest first. Those that are no JSON object are left out. */
  readonly lines: readonly Line[];
  /** There are more than one query gives. */
  readonly isCut: boolean;
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
type Cells = readonly { readonly field?: string | undefined; readonly value?: string | undefined }[];

/** The values of one row of a result, by field. */
export type Row = ReadonlyMap<string, string>;

/** Of one query; also the longest page of results. */
const maxRows = 10_000;
const maxWaitMs = 60_000;
const firstPauseMs = 250;
const maxPauseMs = 2_000;

const nothingThere = /retention settings|creation time/;

/** @throws CommandError when CloudWatch refuses or fails, or has no result within a minute */
export async function queryLines(
  { texts, ...range }: LogQuery,
  options: InsightsOptions,
): Promise<FoundLines> {
  const rows = await queryRows(range, queryFor(texts), options);
  return { lines: rows.flatMap(lineIn), isCut: rows.length >= maxRows };
}

/**
 * At most 10,000 rows.
 * @throws CommandError as `queryLines`
 */
export async function queryRows(
  range: LogRange,
  queryString: string,
  { client: config = {}, pause }: InsightsOptions,
): Promise<readonly Row[]> {
  const sdk = await loadSdk();
  const client = new sdk.CloudWatchLogsClient(config);
  try {
    const queryId = await startQuery(sdk, client, range, queryString);
    const rows = queryId === undefined ? [] : await resultsOf(sdk, client, queryId, pause);
    return rows.map((cells) => new Map(cells.map(({ field = '', value = '' }) => [field, value])));
  } catch (error) {
    throw error instanceof CommandError ? error : failureOf(error, range);
  } finally {
    client.destroy();
  }
}

/** Few commands need it, and it takes a while. */
function loadSdk() {
  return import('@aws-sdk/client-cloudwatch-logs');
}

/** `undefined`: the groups have no lines of that time, and Insights refuses to look. */
async function startQuery(
  { StartQueryCommand }: Sdk,
  client: CloudWatchLogsClient,
  { groups, from, to }: LogRange,
  queryString: string,
): Promise<string | undefined> {
  const command = new StartQueryCommand({
    logGroupNames: [...groups],
    startTime: Math.floor(from / 1_000),
    endTime: Math.ceil(to / 1_000),
    limit: maxRows,
    queryString,
  });
  try {
    return (await client.send(command)).queryId;
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'MalformedQueryException' && nothingThere.test(message)) return undefined;
    throw error;
  }
}

async function resultsOf(
  { GetQueryResultsCommand }: Sdk,
  client: CloudWatchLogsClient,
  queryId: string,
  pause: InsightsOptions['pause'],
): Promise<readonly Cells[]> {
  let pauseMs = firstPauseMs;
  for (let waitedMs = 0; waitedMs < maxWaitMs; waitedMs += pauseMs, pauseMs = longer(pauseMs)) {
    await pause(pauseMs);
    const { status, results = [], nextToken } = await client.send(new GetQueryResultsCommand({ queryId }));
    if (status === 'Complete') return [...results, ...(await furtherPages(nextToken))];
    if (status === 'Failed' || status === 'Cancelled' || status === 'Timeout')
      throw new CommandError(
        exitCodes.failed,
        `The query of CloudWatch Logs Insights ended with ${status}; ask again.`,
      );
  }
  throw new CommandError(
    exitCodes.failed,
    `CloudWatch Logs Insights has no result after ${maxWaitMs / 1_000} s; ask again.`,
  );

  async function furtherPages(first: string | undefined): Promise<readonly Cells[]> {
    const rows: Cells[] = [];
    let token = first;
    while (token !== undefined) {
      const page = await client.send(new GetQueryResultsCommand({ queryId, nextToken: token }));
      rows.push(...(page.results ?? []));
      token = page.nextToken;
    }
    return rows;
  }
}

function longer(pauseMs: number): number {
  return Math.min(2 * pauseMs, maxPauseMs);
}

/**
 * Agents choose ids, so only characters that mean nothing to Insights go into the query. The rest is compared when the lines are
 * here: they are more than asked for, never fewer.
 */
function queryFor(texts: readonly string[]): string {
  const pieces = texts.flatMap((text) => text.match(/[\w:.-]+/g) ?? []);
  const conditions = [...new Set(pieces)].map((piece) => `| filter @message like "${piece}"\n`);
  return `fields @message\n${conditions.join('')}| sort @timestamp asc\n| limit ${maxRows}`;
}

function lineIn(row: Row): readonly Line[] {
  try {
    const line: unknown = JSON.parse(row.get('@message') ?? '');
    return typeof line === 'object' && line !== null && !Array.isArray(line) ? [line as Line] : [];
  } catch {
    return [];
  }
}

function failureOf(error: unknown, { groups }: LogRange): CommandError {
  const { name, message } = error as Error;
  const [said = ''] = message.split('\n');
  return new CommandError(
    exitCodes.failed,
    `CloudWatch Logs did not give the log lines: ${name}: ${said}${adviceFor(name, groups)}`,
    { cause: error },
  );
}

function adviceFor(name: string, groups: readonly string[]): string {
  if (name === 'AccessDeniedException')
    return ` Needed are logs:StartQuery on the log groups ${groups.join(', ')}, and logs:GetQueryResults.`;
  return name === 'CredentialsProviderError' ? '. Sign in to AWS first, or set AWS_PROFILE.' : '';
}
