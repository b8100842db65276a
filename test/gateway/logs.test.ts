/** The log lines of the functions over HTTP: pages, cursors and filters. */
import { Clock } from '../../gateway/clock';
import { LogLines } from '../../gateway/logs/log-lines';
import { accept } from './helpers/assembly';
import { call, connect } from './helpers/client';
import { run, stopAll } from './helpers/running';

afterAll(stopAll);

interface Page {
  lines: { function: string; timestamp: string; line: Record<string, unknown> }[];
  next: string;
}

const chatty = `exports.handler = async ({ body }) => {
  process.stdout.write(JSON.stringify({ timestamp: '2026-11-29T10:00:00.000Z', event: 'said', body }) + '\\n');
  return { statusCode: 200 };
};`;

test('lines come in pages, from a cursor on, and only those that contain a text', async () => {
  const { gateway, url, recorder } = await run({ functions: { Connect: accept, Default: chatty } });
  const page = `http://127.0.0.1:${String(gateway.port)}/_gateway/logs`;
  const read = async (query = ''): Promise<Page> => (await (await fetch(page + query)).json()) as Page;
  const client = await connect(url);
  for (const text of ['one', 'two']) {
    client.send(text);
    await recorder.line(text);
  }
  const { lines, next } = await read();
  expect(lines.filter(({ line }) => line.event === 'said')).toEqual(
    ['one', 'two'].map((body) => ({
      function: 'Test-Default',
      timestamp: '2026-11-29T10:00:00.000Z',
      line: { timestamp: '2026-11-29T10:00:00.000Z', event: 'said', body },
    })),
  );
  expect((await read('?contains=two')).lines.map(({ line }) => line.body)).toEqual(['two']);
  expect(await read(`?since=${next}`)).toEqual({ lines: [], next });
  client.send('three');
  await recorder.line('three');
  expect((await read(`?since=${next}`)).lines.map(({ line }) => line.body)).toEqual(['three']);
  expect((await call('GET', `${page}?since=yesterday`)).status).toBe(400);
  expect((await call('POST', page)).status).toBe(405);
});

test('what is no JSON object is a line with its text; the oldest lines are dropped', () => {
  const lines = new LogLines(new Clock());
  lines.add({ function: 'f', stream: 'platform', text: 'Error: no\n  at here' });
  expect(lines.read({}).lines).toEqual([
    {
      function: 'f',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      line: { stream: 'platform', message: 'Error: no\n  at here' },
    },
  ]);
  for (let n = 1; n <= 6_000; n++)
    lines.add({ function: 'f', stream: 'stdout', text: `{"n":${String(n)}}\n` });
  const oldest = lines.read({});
  expect(oldest.lines).toHaveLength(1_000);
  expect(oldest.lines[0]?.line).toEqual({ n: 1_001 });
  expect(lines.read({ since: Number(oldest.next) }).lines[0]?.line).toEqual({ n: 2_001 });
  const last = lines.read({ contains: '"n":6000' });
  expect(last).toMatchObject({ lines: [{ line: { n: 6_000 } }], next: '6001' });
});
