/** Subscriptions to log lines: as with CloudWatch, many lines at once do not start a function for each of them. */
import { gunzipSync } from 'node:zlib';
import { Subscriptions } from '../../gateway/logs/subscriptions';

test('lines that come while the function runs are one event, in their order', async () => {
  const subscriptions = new Subscriptions([
    { functions: ['writer'], pattern: '{ $.audit IS TRUE }', functionName: 'keeper' },
  ]);
  const events: unknown[][] = [];
  const ends: (() => void)[] = [];
  const dispatch = (name: string, payload: string): Promise<void> => {
    expect(name).toBe('keeper');
    const { data } = (JSON.parse(payload) as { awslogs: { data: string } }).awslogs;
    const { logEvents } = JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString()) as {
      logEvents: { message: string }[];
    };
    events.push(logEvents.map(({ message }) => (JSON.parse(message) as { n: unknown }).n));
    return new Promise((resolve) => ends.push(resolve));
  };
  const add = (n: number, audit = true): void => {
    const timestamp = '2026-11-29T10:00:00.000Z';
    subscriptions.addLine({ function: 'writer', timestamp, line: { n, audit } }, dispatch);
  };
  for (const n of [1, 2, 3]) add(n);
  add(4, false);
  expect(events).toEqual([[1]]);
  ends[0]!();
  await new Promise(setImmediate);
  expect(events).toEqual([[1], [2, 3]]);
  ends[1]!();
  await new Promise(setImmediate);
  add(5);
  expect(events).toEqual([[1], [2, 3], [5]]);
});
