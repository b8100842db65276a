/** CloudWatch Logs over HTTP, as far as a query of Logs Insights needs it: it speaks AWS's JSON protocol to the real SDK. Not a test itself. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StartedQuery {
  readonly logGroupNames: readonly string[];
  /** Epoch seconds. */
  readonly startTime: number;
  readonly endTime: number;
  readonly limit: number;
  readonly queryString: string;
}

/** An answer that is no success. */
export class Refusal {
  constructor(
    readonly type: string,
    readonly message: string,
    readonly status = 400,
  ) {}
}

export interface Result {
  readonly status: string;
  /** Values of `@message`. */
  readonly lines?: readonly string[];
  /** Of a query with `stats`: values by field. */
  readonly rows?: readonly Readonly<Record<string, string>>[];
  readonly nextToken?: string;
}

export interface Behaviour {
  readonly start?: (query: StartedQuery) => Refusal | undefined;
  /** @param asked how often the results of this query were asked for before */
  readonly results: (query: StartedQuery, asked: number, nextToken: string | undefined) => Refusal | Result;
}

export interface FakeInsights {
  readonly url: string;
  readonly queries: readonly StartedQuery[];
  readonly close: () => void;
}

export async function fakeInsights({ start, results }: Behaviour): Promise<FakeInsights> {
  const queries: StartedQuery[] = [];
  const asked: number[] = [];
  const answerTo = (target: string, body: Record<string, unknown>): object => {
    if (target === 'Logs_20140328.StartQuery') {
      const query = body as unknown as StartedQuery;
      const refusal = start?.(query);
      if (refusal !== undefined) return refusal;
      asked.push(0);
      return { queryId: String(queries.push(query) - 1) };
    }
    if (target !== 'Logs_20140328.GetQueryResults') return new Refusal('UnknownOperationException', target);
    const index = Number(body.queryId);
    const result = results(queries[index]!, asked[index]!++, body.nextToken as string | undefined);
    return result instanceof Refusal ? result : wireForm(result);
  };
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const target = String(request.headers['x-amz-target']);
      const answer = answerTo(target, JSON.parse(text) as Record<string, unknown>);
      const isRefusal = answer instanceof Refusal;
      response.writeHead(isRefusal ? answer.status : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(isRefusal ? { __type: answer.type, message: answer.message } : answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    queries,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What `filter @message like "…"` lets through. */
export function matches({ queryString }: StartedQuery, line: string): boolean {
  const conditions = [...queryString.matchAll(/\| filter @message like "([^"]*)"\n/g)];
  return conditions.every(([, piece = '']) => line.includes(piece));
}

/** What the query of costs gives of lines that were all written at `at`, epoch milliseconds. */
export function workRows(
  { queryString }: StartedQuery,
  lines: readonly string[],
  at: number,
): Result['rows'] {
  const [, pattern = ''] = /tenant_id like \/(.*)\/\n/.exec(queryString) ?? [];
  const units = new Map<string, number>();
  for (const line of lines) {
    const { event, tenant_id: tenant, work_units: work = 0 } = JSON.parse(line) as WorkLine;
    if (tenant === undefined || !['published', 'request'].includes(event ?? '')) continue;
    if (new RegExp(pattern).test(tenant)) units.set(tenant, (units.get(tenant) ?? 0) + work);
  }
  const time = new Date(at).toISOString().replace('T', ' ').replace('Z', '');
  return [...units].map(([tenant, sum]) => ({ tenant_id: tenant, 'bin(5m)': time, units: String(sum) }));
}

interface WorkLine {
  readonly event?: string;
  readonly tenant_id?: string;
  readonly work_units?: number;
}

function wireForm({ status, lines = [], rows, nextToken }: Result): object {
  const all = rows ?? lines.map((line, index) => ({ '@message': line, '@ptr': `ptr-${index}` }));
  const results = all.map((row) => Object.entries(row).map(([field, value]) => ({ field, value })));
  return { status, results, ...(nextToken !== undefined && { nextToken }) };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += String(part);
  return text;
}
