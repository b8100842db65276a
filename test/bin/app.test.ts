/** The app as the toolkit runs it: a wrong setting ends it with one sentence and without a template. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './run-command';

const directory = mkdtempSync(path.join(tmpdir(), 'artcafe-app-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const synth = (context: object, region = 'eu-west-1') =>
  runCommand('app.ts', [], {
    CDK_OUTDIR: directory,
    CDK_VALIDATION: 'false',
    CDK_DEFAULT_REGION: region,
    CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], ...context }),
  });

test.each([
  [{ retentionHours: 'x' }, 'Setting "retentionHours": expected a whole number from 0 to 8760, got "x".\n'],
  [{ retention: '1' }, 'Setting "retention" is unknown. The nearest setting is "retentionHours".\n'],
  [{ edge: '{"rateLimitPer5Minutes":100}' }, /^Setting "edge\.rateLimitPer5Minutes": .*"eu-west-1".*\n$/],
])('%j is one sentence', async (context, expected) => {
  const { code, stdout, stderr } = await synth(context);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(expected);
  expect(existsSync(path.join(directory, 'manifest.json'))).toBe(false);
});

test('right settings make a template', async () => {
  const { code } = await synth({ deployment: 'blue' });
  expect(code).toBe(0);
  expect(existsSync(path.join(directory, 'ArtCafePubSub-blue.template.json'))).toBe(true);
});
