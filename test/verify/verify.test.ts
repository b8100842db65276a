/** `artcafe verify` against `npm start`: every answer is as expected. Against a deployment that does not answer, it fails. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startCommand } from '../bin/run-command';
import { artcafe } from '../cli/command-line';
import { answer, exactly, tableOf } from '../../bin/verify/check';
import { Target } from '../../bin/verify/target';

const outputs = {
  BaseUrl: 'wss://x',
  TokenIssuer: 'urn:x',
  TokenAudience: 'x',
  TokenKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/1',
  TokenClaims: '{"tenant":"tenant_id","agent":"agent_id","channels":"channels"}',
};

test('passes against the laptop gateway', async () => {
  const gateway = startCommand('start.ts', ['--port', '0']);
  const welcome = await gateway.said(/npm run connect/);
  const port = /127\.0\.0\.1:(\d+)\/v1/.exec(welcome)?.[1] ?? '';
  try {
    const { code, stdout, stderr } = await artcafe(['verify', '--url', `ws://127.0.0.1:${port}/v1`]);
    // The table says what was found.
    expect(`${stderr}${stdout}`).not.toContain('FAILED');
    expect(stdout).toMatch(/^asked +expected +found +what to do$/m);
    expect(stdout).toMatch(/^300 new subscribers of one channel +300 get the message +300 get the message/m);
    const [, good, all] = /^(\d+) of (\d+) as expected\.$/m.exec(stdout) ?? [];
    expect(Number(all)).toBeGreaterThan(20);
    expect(good).toBe(all);
    // By the sweep that the command starts, not by the next one of the schedule, five minutes later.
    expect(Number(/closed with \d+ after (\d+) s/.exec(stdout)?.[1])).toBeLessThan(120);
    expect(code).toBe(0);
  } finally {
    gateway.child.kill('SIGINT');
    await gateway.outcome;
  }
}, 400_000);

test('a deployment without an API that answers fails each question, and the command', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/_gateway/ready' ? 200 : 400;
    response.end(JSON.stringify({ outputs, urls: { base: 'ws://127.0.0.1:1' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, stdout } = await artcafe(['verify', '--url', `ws://127.0.0.1:${String(port)}/v1`]);
  server.close();
  expect(code).toBe(1);
  expect(stdout).toMatch(/^0 of \d+ as expected\.$/m);
});

test('the table says what to do only where something is not as expected', async () => {
  const target = new Target({ name: 'x', outputs, api: 'wss://x', edge: undefined });
  const rows = [
    await answer(
      exactly('a', '1', 'do this', () => Promise.resolve(1)),
      target,
    ),
    await answer(
      exactly('b', '1', 'do that', () => Promise.resolve(2)),
      target,
    ),
    await answer(
      exactly('c', '1', 'look there', () => Promise.reject(new Error('broke'))),
      target,
    ),
  ];
  expect(tableOf(rows)).toBe(
    [
      'asked  expected  found  what to do',
      'a      1         1',
      'b      1         2      do that',
      'c      1         broke  look there',
    ].join('\n'),
  );
});

test.each([
  [2, ['--context', 'None', '--outputs', 'nowhere.json'], /^There is no nowhere\.json; .*\n$/],
  [3, ['--url', 'ws://127.0.0.1:1/v1'], /^No laptop gateway answers at .*\n$/],
])('%i: %j is one sentence', async (expectedCode, args, expected) => {
  const { code, stderr } = await artcafe(['verify', ...args]);
  expect(code).toBe(expectedCode);
  expect(stderr).toMatch(expected);
});
