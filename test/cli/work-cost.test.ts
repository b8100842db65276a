/** What messages cost on a deployed stack: the real client of the SDK asks a local server, which speaks as CloudWatch Logs does. */
import type { Context } from '../../cli/context/context';
import { workCostOf } from '../../cli/context/work-cost';
import { type Behaviour, type FakeInsights, fakeInsights, Refusal, type Result } from './fake-insights';

let insights: FakeInsights | undefined;
afterEach(() => insights?.close());

const minute = 60_000;
const noon = Date.parse('2026-11-29T12:00:00Z');
const context: Context = {
  name: 'Bus',
  url: 'wss://bus.example',
  isLaptop: false,
  outputs: () => Promise.resolve({ LogGroups: '{"default":"/log/default","http":"/log/http","inbox":"/i"}' }),
};

interface Further extends Pick<Behaviour, 'start'> {
  readonly tenant?: string;
}

async function reader(results: Behaviour['results'], { tenant = 'acme', ...further }: Further = {}) {
  insights = await fakeInsights({ ...further, results });
  const client = {
    endpoint: insights.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 1,
  };
  const clock = { now: noon + 2 * minute };
  const read = workCostOf(context, tenant, {
    client,
    pause: () => Promise.resolve(),
    now: () => clock.now,
  });
  return { read, clock, queries: insights.queries };
}

const row = (tenant: string, time: string, units: string) => ({
  tenant_id: tenant,
  'bin(5m)': `2026-11-29 ${time}:00.000`,
  units,
});
const complete = (...rows: NonNullable<Result['rows']>): Result => ({ status: 'Complete', rows });

test('the last hour in steps of five minutes, in dollars an hour; a step without lines costs nothing', async () => {
  const { read, queries } = await reader(() =>
    complete(row('acme', '11:55', '1000'), row('acme', '11:00', '250.5'), row('other', '11:55', '7')),
  );
  const points = await read();
  expect(points).toHaveLength(12);
  expect(points.map(({ at }) => at)).toEqual(
    Array.from({ length: 12 }, (_, index) => noon / 1_000 - 3_600 + 300 * index),
  );
  const dollars = points.map(({ dollarsPerHour }) => dollarsPerHour);
  expect(dollars[0]).toBeCloseTo(0.003006, 9);
  expect(dollars.slice(1, 11)).toEqual(Array(10).fill(0));
  expect(dollars[11]).toBeCloseTo(0.012, 9);
  expect(queries).toEqual([
    {
      logGroupNames: ['/log/default', '/log/http'],
      startTime: noon / 1_000 - 3_600,
      endTime: noon / 1_000,
      limit: 10_000,
      queryString:
        'filter event in ["published", "request"]\n| filter tenant_id like /^acme$/\n| stats sum(work_units) as units by tenant_id, bin(5m)',
    },
  ]);
});

test('CloudWatch is asked once for each step, however often the page asks', async () => {
  const { read, clock, queries } = await reader(() => complete());
  await Promise.all([read(), read()]);
  clock.now += 5 * minute - 1;
  await read();
  expect(queries).toHaveLength(1);
  clock.now += 1;
  await read();
  expect(queries.map(({ endTime }) => endTime)).toEqual([noon / 1_000, noon / 1_000 + 300]);
});

test('after a failure it is asked again', async () => {
  let isRefused = true;
  const refusal = new Refusal('AccessDeniedException', 'not authorized to perform: logs:StartQuery');
  const { read } = await reader(() => complete(row('acme', '11:55', '1')), {
    start: () => (isRefused ? refusal : undefined),
  });
  await expect(read()).rejects.toThrow(
    'Needed are logs:StartQuery on the log groups /log/default, /log/http',
  );
  isRefused = false;
  expect(await read()).toHaveLength(12);
});

test('a name of a tenant cannot write into the query, and its rows are found all the same', async () => {
  const tenant = 'a/ | filter "x" é.*$';
  const { read, queries } = await reader(
    ({ queryString }) => {
      const [, pattern = ''] = /like \/(.*)\/\n/.exec(queryString) ?? [];
      const names = [tenant, 'a/ | filter "y" é.*$'].filter((name) => new RegExp(pattern).test(name));
      return complete(...names.map((name) => row(name, '11:55', '1000')));
    },
    { tenant },
  );
  expect((await read()).at(-1)?.dollarsPerHour).toBeCloseTo(0.012, 9);
  expect(queries[0]?.queryString).toContain('\n| filter tenant_id like /^a.+filter.+x.+$/\n');
});
