/** Where settings come from: a file, and context that overrides it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSettings } from '../../lib/settings/read-settings';

const directory = mkdtempSync(path.join(tmpdir(), 'artcafe-settings-'));
const empty = mkdtempSync(path.join(directory, 'empty-'));
const write = (name: string, content: unknown) => {
  writeFileSync(path.join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
};

beforeAll(() => {
  write('artcafe.config.json', { retentionHours: 1, deployment: 'filed' });
  write('other.json', { deployment: 'other' });
  write('broken.json', '{ "deployment": ');
  write('list.json', []);
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('no file and no context means the defaults', () => {
  expect(readSettings({ directory: empty }).deployment).toBe('artcafe');
});

test('the file is read, and context wins over it', () => {
  expect(readSettings({ directory })).toMatchObject({ retentionHours: 1, deployment: 'filed' });
  expect(readSettings({ directory, context: { deployment: 'told' } })).toMatchObject({
    retentionHours: 1,
    deployment: 'told',
  });
});

test('context or a caller names another file', () => {
  expect(readSettings({ directory, context: { config: 'other.json' } }).deployment).toBe('other');
  expect(readSettings({ directory: empty, file: path.join(directory, 'other.json') }).deployment).toBe(
    'other',
  );
});

test('texts of a command line mean what they look like', () => {
  const context = {
    protection: 'true',
    retentionHours: '48',
    edge: 'false',
    throttle: '{"burst":10}',
    defaultGrants: 'none',
  };
  expect(readSettings({ directory: empty, context })).toMatchObject({
    protection: true,
    retentionHours: 48,
    edge: false,
    throttle: { ratePerSecond: 2_500, burst: 10 },
    defaultGrants: 'none',
  });
});

test("the toolkit's own context is none of our business", () => {
  const context = { 'aws:cdk:bundling-stacks': [], '@aws-cdk/core:someFlag': true, 'aws-cdk:flag': true };
  expect(() => readSettings({ directory: empty, context })).not.toThrow();
});

test.each([
  [
    { context: { retention: '1' } },
    /^Setting "retention" is unknown\. The nearest setting is "retentionHours"\.$/,
  ],
  [{ context: { configg: 'a' } }, /^Setting "configg" is unknown\. The nearest setting is "config"\.$/],
  [{ context: { retentionHours: 'x' } }, /^Setting "retentionHours": expected a whole number .*, got "x"\.$/],
  [{ context: { edge: '{"domainName' } }, /^Setting "edge": \{"domainName is not valid JSON\.$/],
  [{ file: 'nowhere.json' }, /^There is no settings file .*nowhere\.json\.$/],
  [{ file: 'broken.json' }, /^broken\.json is not valid JSON: /],
  [{ file: 'list.json' }, /^list\.json must contain a JSON object with settings\.$/],
])('%j is one sentence', (source, expected) => {
  let message = '';
  try {
    readSettings({ directory, ...source });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});
