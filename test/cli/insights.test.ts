/** The log lines of a deployed stack: the real client of the SDK asks a local server, which speaks as CloudWatch Logs does. */
import { queryLines } from '../../cli/context/insights';
import {
  type Behaviour,
  type FakeInsights,
  fakeInsights,
  matches,
  Refusal,
  type Result,
} from './fake-insights';

let insights: FakeInsights | undefined;
afterEach(() => insights?.close());

const query = { groups: ['/log/default', '/log/http'], texts: ['epoch1', 'm1'], from: 1_500, to: 9_200 };

/** Pauses take no time here; they are counted. */
async function ask(behaviour: Behaviour, texts: readonly string[] = query.texts) {
  insights = await fakeInsights(behaviour);
  const pauses: number[] = [];
  const pause = (ms: number) => Promise.resolve(pauses.push(ms));
  const client = {
    endpoint: insights.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 1,
  };
  const found = await queryLines({ ...query, texts }, { client, pause });
  return { ...found, pauses };
}

const complete = (...lines: string[]): Result => ({ status: 'Complete', lines });

test('asks for the time and the texts, and gives the lines as objects', async () => {
  const { lines, isCut } = await ask({
    results: () => complete('{"event":"published"}', '{"event":"request"}'),
  });
  expect(lines).toEqual([{ event: 'published' }, { event: 'request' }]);
  expect(isCut).toBe(false);
  expect(insights?.queries).toEqual([
    {
      logGroupNames: ['/log/default', '/log/http'],
      startTime: 1,
      endTime: 10,
      limit: 10_000,
      queryString:
        'fields @message\n| filter @message like "epoch1"\n| filter @message like "m1"\n| sort @timestamp asc\n| limit 10000',
    },
  ]);
});

test('nothing found', async () => {
  expect(await ask({ results: () => complete() })).toMatchObject({ lines: [], isCut: false });
});

test('what is no JSON object is left out', async () => {
  const { lines } = await ask({
    results: () => complete('START RequestId: m1', '["m1"]', '"m1"', '{"a":1}'),
  });
  expect(lines).toEqual([{ a: 1 }]);
});

test('a query that completes later is asked for again, after pauses; partial results do not count', async () => {
  const states = ['Scheduled', 'Running', 'Running', 'Unknown'];
  const { lines, pauses } = await ask({
    results: (_query, asked) =>
      asked < states.length ? { status: states[asked]!, lines: ['{"partial":true}'] } : complete('{"n":1}'),
  });
  expect(lines).toEqual([{ n: 1 }]);
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 2_000]);
});

test('a query without an end is given up after a minute', async () => {
  let asked = 0;
  const answer = ask({
    results: () => {
      asked += 1;
      return { status: 'Running' };
    },
  });
  await expect(answer).rejects.toMatchObject({
    exitCode: 1,
    message: 'CloudWatch Logs Insights has no result after 60 s; ask again.',
  });
  expect(asked).toBeGreaterThan(20);
  expect(asked).toBeLessThan(40);
});

test.each(['Failed', 'Cancelled', 'Timeout'])('a query that ends with %s', async (status) => {
  await expect(ask({ results: () => ({ status }) })).rejects.toMatchObject({
    exitCode: 1,
    message: `The query of CloudWatch Logs Insights ended with ${status}; ask again.`,
  });
});

test('all pages of the results are read', async () => {
  const pages: Record<string, Result> = {
    first: { ...complete('{"n":1}'), nextToken: 'second' },
    second: { ...complete('{"n":2}'), nextToken: 'third' },
    third: complete('{"n":3}'),
  };
  const { lines } = await ask({ results: (_query, _asked, token = 'first') => pages[token]! });
  expect(lines).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('says when there are more lines than a query gives', async () => {
  const all = Array.from({ length: 10_000 }, (_, n) => `{"n":${n}}`);
  const { lines, isCut } = await ask({ results: () => complete(...all) });
  expect(lines).toHaveLength(10_000);
  expect(isCut).toBe(true);
});

test.each(['StartQuery', 'GetQueryResults'])(
  'without permission for %s: says which is needed',
  async (action) => {
    const refusal = new Refusal(
      'AccessDeniedException',
      `User: arn:aws:iam::1:user/ann is not authorized to perform: logs:${action}`,
    );
    const answer = ask({
      start: () => (action === 'StartQuery' ? refusal : undefined),
      results: () => refusal,
    });
    await expect(answer).rejects.toMatchObject({
      exitCode: 1,
      message:
        `CloudWatch Logs did not give the log lines: AccessDeniedException: User: arn:aws:iam::1:user/ann is not authorized to perform: logs:${action}` +
        ' Needed are logs:StartQuery on the log groups /log/default, /log/http, and logs:GetQueryResults.',
    });
  },
);

test('a group that is not there', async () => {
  const refusal = new Refusal('ResourceNotFoundException', 'Log group /log/http does not exist');
  await expect(ask({ start: () => refusal, results: () => complete() })).rejects.toMatchObject({
    exitCode: 1,
    message:
      'CloudWatch Logs did not give the log lines: ResourceNotFoundException: Log group /log/http does not exist',
  });
});

test('a time before the groups, or before what they keep: no lines', async () => {
  const refusal = new Refusal(
    'MalformedQueryException',
    "Query's end date and time is either before the log groups creation time or exceeds the log groups log retention settings",
  );
  expect(await ask({ start: () => refusal, results: () => complete() })).toMatchObject({ lines: [] });
  insights?.close();
  const other = new Refusal('MalformedQueryException', 'unexpected symbol found |');
  await expect(ask({ start: () => other, results: () => complete() })).rejects.toThrow('unexpected symbol');
});

test('an id cannot write into the query, and its line is found all the same', async () => {
  const id = 'x" or @message like "\\| stats count(*) \n é';
  const line = JSON.stringify({ event: 'published', epoch: 'epoch1', ids: [id] });
  const { lines } = await ask(
    { results: (asked) => complete(...[line, '{"epoch":"epoch1"}'].filter((each) => matches(asked, each))) },
    ['epoch1', id],
  );
  expect(lines).toEqual([JSON.parse(line)]);
  expect(insights?.queries[0]?.queryString.split('\n')).toEqual([
    'fields @message',
    ...['epoch1', 'x', 'or', 'message', 'like', 'stats', 'count'].map(
      (piece) => `| filter @message like "${piece}"`,
    ),
    '| sort @timestamp asc',
    '| limit 10000',
  ]);
});
