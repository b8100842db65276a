/** `npm start` as a newcomer meets it: from the checkout to a message in one go, and Ctrl-C to end it. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';
import { runCommand, startCommand } from './run-command';

test('says how to connect, and what it says works', async () => {
  const environment = { AWS_PROFILE: 'none-such', AWS_ACCESS_KEY_ID: 'never-used' };
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-plan-'));
  const plan = path.join(folder, 'plan.json');
  writeFileSync(plan, '{ "seed": 7 }');
  const { child, outcome, said } = startCommand('start.ts', ['--port', '0', '--faults', plan], environment);
  const welcome = await said(/npm run connect/);
  rmSync(folder, { recursive: true });
  const base = /Base URL +(ws:\/\/127\.0\.0\.1:\d+\/v1)/.exec(welcome)?.[1];
  const site = base?.replace(/^ws(.*)\/v1$/, 'http$1') ?? '';
  const faults = await fetch(`${site}/_gateway/faults`);
  expect(await faults.json()).toMatchObject({ plan: { seed: 7, rules: [] } });
  expect(welcome).toContain(`${base}/ws?token=TOKEN&channel_id=CHANNEL`);
  expect(welcome).toContain(`${base}/ws/tenant/TENANT/agent/AGENT/channel/CHANNEL?token=TOKEN`);

  expect(welcome).toContain(`Console        ${site}/`);
  const session = (await (await fetch(`${site}/_console/session`)).json()) as { token?: string };
  const page = new WebSocket(`${base}/ws?token=${session.token}`);
  await once(page, 'open');
  page.terminate();

  const { stdout: token } = await runCommand('token.ts', ['--tenant', 'demo', '--agent', 'alice']);
  const client = startCommand('connect.ts', [`${base}/ws?channel_id=lobby&token=${token.trim()}`]);
  client.child.stdin?.write('hello\n');
  const received = await client.said(/"content":"hello"[\s\S]*"ACK"|"ACK"[\s\S]*"content":"hello"/);
  expect(received).toContain('"tenant_id":"demo"');
  client.child.stdin?.end();
  await client.outcome;

  const { stderr: refusal } = await runCommand('connect.ts', [`${base}/ws?token=wrong`]);
  expect(refusal).toContain('401 Unauthorized');

  child.kill('SIGINT');
  const { code, stderr } = await outcome;
  expect(code).toBe(0);
  expect(stderr).toMatch(/^\[\S*Authorizer\S*\] A handshake was rejected with 401\.\n$/);
});

test('Ctrl-C while it still synthesizes ends it at once, and nothing is left', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-start-'));
  const assemblies = () => readdirSync(folder).filter((name) => name.startsWith('artcafe-'));
  try {
    // Settings that nobody has synthesized yet.
    const config = path.join(folder, 'settings.json');
    writeFileSync(config, JSON.stringify({ retentionHours: 1 + Math.floor(Math.random() * 8_000) }));
    const { child, outcome, said } = startCommand('start.ts', ['--port', '0', '--config', config], {
      TMPDIR: folder,
    });
    await said(/^Synthesizing/);
    expect(assemblies()).toHaveLength(1);

    child.kill('SIGINT');

    const { code, stdout, stderr } = await outcome;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toMatch(/^Synthesizing the stack.*\n$/);
    expect(assemblies()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('starts again without a synthesis when nothing has changed, and the kept assembly is as good', async () => {
  for (const expected of [
    /npm run connect/,
    /^Starting the stack; nothing has changed[\s\S]*npm run connect/,
  ]) {
    const { child, outcome, said } = startCommand('start.ts', ['--port', '0']);
    await said(expected);
    child.kill('SIGINT');
    expect((await outcome).code).toBe(0);
  }
});

test('a port that is taken is found before the synthesis', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const { code, stdout, stderr } = await runCommand('start.ts', ['--port', String(port)]);
  await new Promise((resolve) => taken.close(resolve));
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(String(port));
});

test.each([
  [['--port', 'x'], 'The port "x" must be a number from 0 to 65535.\n'],
  [['--config', 'nowhere.json'], /^There is no settings file .*nowhere\.json\.\n$/],
  [['--faults', 'nowhere.json'], /^The fault plan .*nowhere\.json cannot be read: .*\n$/],
  [['--faults', 'package.json'], /^The fault plan has an unknown member name\. See docs\/faults\.md .*\n$/],
])('%j is one sentence', async (args, expected) => {
  const { code, stdout, stderr } = await runCommand('start.ts', args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(expected);
});
