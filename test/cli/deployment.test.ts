/** `artcafe deploy`, `destroy` and `start` with settings of one's own: the command lines that the toolkit of the folder gets. Stand-ins play the toolkit. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { artcafe } from './command-line';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'artcafe-deploy-'));
  writeFileSync(path.join(directory, 'package.json'), '{}');
});
afterEach(() => {
  delete process.env.AWS_PROFILE;
  rmSync(directory, { recursive: true, force: true });
});

const write = (name: string, text: string) => {
  const file = path.join(directory, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
};
const said = () => JSON.parse(readFileSync(path.join(directory, 'said.json'), 'utf8')) as string[];
const app = () =>
  `node ${JSON.stringify(path.join(directory, 'node_modules/@artcafe/pubsub-cdk/dist/app.js'))}`;

/** Writes down its command line, and the outputs of a deployment; ends with the code in `code`. */
const toolkit = `
const fs = require('node:fs');
const args = process.argv.slice(2);
fs.writeFileSync('said.json', JSON.stringify(args));
fs.writeFileSync('profile', process.env.AWS_PROFILE ?? '');
const at = args.indexOf('--outputs-file');
if (at > 0) fs.writeFileSync(args[at + 1], JSON.stringify({ Bus: { BaseUrl: 'wss://x.execute-api.eu-west-1.amazonaws.com/v1' } }));
process.exit(fs.existsSync('code') ? Number(fs.readFileSync('code', 'utf8')) : 0);`;

function install(...names: readonly string[]): void {
  for (const name of names)
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0' }));
  write('node_modules/aws-cdk/bin/cdk', toolkit);
}
const installAll = () => {
  install('@artcafe/pubsub-cdk', 'aws-cdk-lib', 'constructs', 'aws-cdk');
};

test('deploy runs the app of the package, and adds the outputs to the file', async () => {
  installAll();
  write('cdk-outputs.json', '{"eu-west-1/Other":{"BaseUrl":"wss://y"}}');
  const args = ['deploy', '--set', 'edge=false', '--set', 'token={"issuer":"a=b"}', '--config', 'mine.json'];
  expect(await artcafe([...args, '--', '--profile', 'prod'], { directory })).toEqual({
    ...{ code: 0, stdout: '', stderr: '' },
  });
  const context = [
    '--context',
    'edge=false',
    '--context',
    'token={"issuer":"a=b"}',
    '--context',
    'config=mine.json',
  ];
  expect(said()).toEqual([
    ...['deploy', '--outputs-file', expect.any(String), ...context, '--profile', 'prod', '--app', app()],
  ]);
  expect(JSON.parse(readFileSync(path.join(directory, 'cdk-outputs.json'), 'utf8'))).toEqual({
    'eu-west-1/Other': { BaseUrl: 'wss://y' },
    'eu-west-1/Bus': { BaseUrl: 'wss://x.execute-api.eu-west-1.amazonaws.com/v1' },
  });
});

test('in a folder with an app of its own, that app is deployed', async () => {
  install('aws-cdk');
  write('cdk.json', '{"app":"node app.js"}');
  expect((await artcafe(['deploy'], { directory })).code).toBe(0);
  expect(said()).not.toContain('--app');
});

test('a failed deployment gives the toolkit’s outputs, a hint and exit code 1', async () => {
  installAll();
  write('code', '3');
  const { code, stderr } = await artcafe(['deploy'], { directory });
  expect(code).toBe(1);
  expect(stderr).toContain('--set edge=false');
  expect(existsSync(path.join(directory, 'cdk-outputs.json'))).toBe(true);
});

test('destroy passes the settings and options on', async () => {
  installAll();
  expect((await artcafe(['destroy', '--set', 'deployment=two', '--', '--force'], { directory })).code).toBe(
    0,
  );
  expect(said()).toEqual(['destroy', '--context', 'deployment=two', '--force', '--app', app()]);
});

test.each([['deploy'], ['destroy'], ['start', '--port', '0', '--set', 'retentionHours=1']])(
  'artcafe %s says what to install',
  async (...args) => {
    const { code, stdout, stderr } = await artcafe(args, { directory });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/: npm install @artcafe\/pubsub-cdk aws-cdk-lib@2 constructs aws-cdk@2\n$/);
  },
);

test('start with settings of its own synthesizes them, without an account', async () => {
  installAll();
  process.env.AWS_PROFILE = 'prod';
  write('code', '1');
  const { code, stderr } = await artcafe(['start', '--port', '0', '--set', 'retentionHours=1'], {
    directory,
  });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr:
      'Synthesizing the stack, which takes some seconds …\nThe stack cannot be synthesized; see above.\n',
  });
  expect(said()).toEqual([
    ...['synth', '--quiet', '--output', expect.any(String), '--context', 'retentionHours=1', '--app', app()],
  ]);
  expect(readFileSync(path.join(directory, 'profile'), 'utf8')).toBe('');
});

test.each([
  [['start', '--set', 'retention=1'], /Setting "retention" is unknown/],
  [['deploy', '--set', 'edge'], /It must be like retentionHours=24/],
])('%j is wrong use', async (args, expected) => {
  const { code, stderr } = await artcafe(args, { directory });
  expect(code).toBe(2);
  expect(stderr).toMatch(expected);
});
