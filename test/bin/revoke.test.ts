/** The commands that revoke, against a laptop gateway: one line on stdout, or one sentence on stderr. */
import { Bus, fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { runCommand } from './run-command';

let bus: Bus;
let gateway: string;
const tenant = fresh('tenant');

beforeAll(async () => {
  bus = await Bus.start();
  gateway = new URL(bus.inside.gateway.urls.ready).origin;
}, 60_000);
afterEach(() => bus.hangUp());
afterAll(() => bus.stop());

/** As in a user's shell, where nothing silences the AWS SDK. */
const shell = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: '' };
const give = (...args: string[]) => runCommand('revoke.ts', [...args, '--gateway', gateway], shell);

test('block and unrevoke an agent of a running gateway', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  expect(await give('block', '--tenant', tenant, '--agent', 'a')).toEqual({
    code: 0,
    stdout: 'All tokens are refused until npm run unrevoke. Connections closed: 1.\n',
    stderr: '',
  });
  await client.closed;
  const url = await bus.urlFor({ tenant, agent: 'a' });
  expect(await statusOf(url)).toBe(401);
  expect(await give('unrevoke', '--tenant', tenant, '--agent', 'a')).toMatchObject({ code: 0 });
  expect(await statusOf(url)).toBe(101);
});

test('revoke tokens that were issued until a moment', async () => {
  const order = ['revoke', '--tenant', tenant, '--agent', 'b', '--issued-up-to', '2020-01-01T00:00:00Z'];
  expect(await give(...order)).toMatchObject({
    stdout: 'Tokens issued until then are refused. Connections closed: 0.\n',
  });
  expect(await statusOf(await bus.urlFor({ tenant, agent: 'b' }))).toBe(101);
});

test.each<[string, string[], string]>([
  ['no tenant', ['kick'], 'A tenant is needed; see --help.'],
  ['a time that is none', ['revoke', '--tenant', 't', '--issued-up-to', 'noon'], '"noon" is not a time'],
  ['a token without its agent', ['revoke', '--tenant', 't', '--jti', 'j'], '"jti" needs "agent_id".'],
  ['a stack that nobody deployed', ['kick', '--tenant', 't', '--stack', 'Nowhere'], 'cdk-outputs.json'],
])('%s: one sentence', async (_, args, sentence) => {
  const { code, stdout, stderr } = await give(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(sentence);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('a gateway that is not there: one sentence', async () => {
  const { code, stderr } = await runCommand('revoke.ts', [
    'kick',
    '--tenant',
    't',
    '--gateway',
    'http://127.0.0.1:1',
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^No laptop gateway answers at http:\/\/127\.0\.0\.1:1;/);
});
