/** `artcafe console` of a deployed stack: what its server reads of CloudWatch for the page, and for nobody else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';
import { explanationOf, type Line } from '../../console/explain/explanation';
import { artcafe, holdsToken, objectsIn, type Running, start } from './command-line';
import { deployedStack, linesOf, logOf } from './deployed-stack';
import { type Behaviour, Refusal, workRows } from './fake-insights';

const bus = useBus();
const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-console-'));
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The console of the tenant, and its server as the page asks it. */
async function consoleOf(tenant: string, behaviour: Behaviour, outputs?: Record<string, string | undefined>) {
  const { insights, at } = await deployedStack(bus, behaviour, folder, outputs);
  closing.push(insights.close);
  const serving: Running = start(['console', '--tenant', tenant, ...at]);
  closing.push(() => serving.interrupt());
  const page = /Console: (\S+)/.exec(await serving.said(/Ctrl-C/))?.[1] ?? '';
  const ask = async (target: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(new URL(`_console/${target}`, page), { headers });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const session = await ask('session');
  const key = String(session.body.logs_key);
  return { insights, ask, session, asPage: (target: string) => ask(target, { 'x-console-key': key }) };
}

/** A message that a reader got, as `artcafe explain` explains it on the laptop. */
async function sent(tenant: string) {
  const reader = await bus.connect({ tenant, agent: 'bob' }, { channel: 'lobby' });
  const place = ['--url', bus.baseUrls.edge, '--tenant', tenant];
  await artcafe(['publish', 'lobby', 'hello', '--agent', 'alice', ...place]);
  const { id, timestamp } = await reader.nextMessage({ content: 'hello' });
  const { stdout } = await eventually(
    () => artcafe(['explain', 'lobby', '1', '--json', ...place]),
    ({ stdout: said }) => !said.includes('"delivery":"unknown"'),
  );
  const row = objectsIn(stdout)[0]!;
  const epoch = String(row.epoch);
  const query = new URLSearchParams({
    id: String(id),
    epoch,
    timestamp: String(Date.parse(String(timestamp))),
  });
  const asked = {
    ...{ id: String(id), tenantId: tenant, agentId: 'alice', channelId: 'lobby', to: undefined },
    ...{ sequence: 1, epoch },
  };
  return {
    query: `lines?${query.toString()}`,
    asked,
    matched: (row.delivery as { matched: number }).matched,
  };
}

test('the lines of a message come from CloudWatch, and explain it as on the laptop', async () => {
  const tenant = fresh('tenant');
  const { query, asked, matched } = await sent(tenant);
  const { insights, session, asPage } = await consoleOf(tenant, linesOf(bus));
  expect(session).toMatchObject({ status: 200, body: { is_laptop: false, tenant } });
  expect(insights.queries).toHaveLength(0);
  const { status, body } = await asPage(query);
  expect(status).toBe(200);
  expect(insights.queries).toHaveLength(1);
  expect(explanationOf(asked, body.lines as Line[]).delivery).toMatchObject({ batch: 1, matched });
});

test('costs are the work units of the tenant, and CloudWatch is asked once for each step', async () => {
  const tenant = fresh('tenant');
  await sent(tenant);
  await sent(fresh('tenant'));
  const step = 300_000;
  const units = logOf(bus)
    .filter((line) => line.includes(tenant) && line.includes('"work_units"'))
    .reduce((sum, line) => sum + (JSON.parse(line) as { work_units: number }).work_units, 0);
  const { insights, asPage } = await consoleOf(tenant, {
    results: (asked) => ({
      status: 'Complete',
      rows: workRows(asked, logOf(bus), asked.endTime * 1_000 - step)!,
    }),
  });
  const { status, body } = await asPage('cost');
  expect(status).toBe(200);
  await asPage('cost');
  // A step may end in between.
  expect(new Set(insights.queries.map(({ endTime }) => endTime)).size).toBe(insights.queries.length);
  const points = body.points as { readonly dollarsPerHour: number }[];
  expect(units).toBeGreaterThan(1);
  expect(points.at(-1)?.dollarsPerHour).toBeCloseTo(units * 12e-6, 9);
});

test('only the page of this process may ask: others start no query', async () => {
  const tenant = fresh('tenant');
  const { query } = await sent(tenant);
  const { insights, ask, session } = await consoleOf(tenant, linesOf(bus));
  const other = await consoleOf(tenant, linesOf(bus));
  const key = { 'x-console-key': String(session.body.logs_key) };
  const foreign = { 'x-console-key': String(other.session.body.logs_key) };
  for (const target of [query, 'cost']) {
    for (const headers of [{}, foreign, { ...key, origin: 'https://evil.example' }])
      expect((await ask(target, headers)).status).toBe(403);
    expect((await ask(target, { ...key, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  }
  expect(insights.queries).toHaveLength(0);
});

test('a request that names no message starts no query', async () => {
  const { insights, asPage } = await consoleOf(fresh('tenant'), linesOf(bus));
  for (const query of ['', 'id=a&epoch=e', 'id=a&epoch=&timestamp=1', 'id=a&epoch=e&timestamp=soon'])
    expect((await asPage(`lines?${query}`)).status).toBe(400);
  expect(insights.queries).toHaveLength(0);
});

test('what AWS refuses is one sentence, without tokens, and the session works', async () => {
  const tenant = fresh('tenant');
  const token = await bus.token({ tenant, agent: 'bob' });
  const refusal = new Refusal('AccessDeniedException', `${token} is not authorized to: logs:StartQuery`);
  const { asPage, session } = await consoleOf(tenant, { ...linesOf(bus), start: () => refusal });
  expect(session.status).toBe(200);
  for (const target of ['lines?id=a&epoch=e&timestamp=1', 'cost']) {
    const { status, body } = await asPage(target);
    expect(status).toBe(502);
    expect(body.message).toMatch(
      /\(token\) is not authorized .* Needed are logs:StartQuery on the log groups/,
    );
    expect(holdsToken(JSON.stringify(body))).toBe(false);
  }
});

test('without credentials: how to get some', async () => {
  const { asPage } = await consoleOf(fresh('tenant'), linesOf(bus));
  const nowhere = path.join(folder, 'nowhere');
  jest.replaceProperty(process, 'env', {
    ...process.env,
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
  });
  expect(await asPage('cost')).toEqual({
    status: 502,
    body: {
      message:
        'CloudWatch Logs did not give the log lines: CredentialsProviderError: Could not load credentials from any providers. Sign in to AWS first, or set AWS_PROFILE.',
    },
  });
});

test('a stack of an earlier release, which does not name its log groups', async () => {
  const { asPage } = await consoleOf(fresh('tenant'), linesOf(bus), { LogGroups: undefined });
  expect((await asPage('cost')).body.message).toBe(
    '"Bus" is of an earlier release, which does not name its log groups: deploy it again.',
  );
});
