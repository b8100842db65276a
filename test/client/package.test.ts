/**
 * The package as users get it: its size, its shape, its types, and that the built files keep what the sources promise.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import fc from 'fast-check';
import type * as Package from '../../client/index';
import { plans, runHistory } from '../helpers/random-history';

const client = path.join(__dirname, '../../client');
const modules = path.join(__dirname, '../../node_modules');
const coreBytes = 12_288;

jest.setTimeout(120_000);

let project: string;

const run = (command: string, ...options: string[]): string =>
  execFileSync(command, options, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (...options: string[]): string => run(process.execPath, ...options);

/** An empty project with the package from its tarball, and nothing else. */
beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'artcafe-consumer-'));
  // `npm pack` builds first.
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: client, stdio: 'ignore' });
  const [tarball = ''] = readdirSync(project);
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  run('npm', 'install', '--silent', '--offline', `./${tarball}`);
}, 120_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test('the core has at most 12 KB, minified and gzipped, and the subpaths hardly more', async () => {
  const sizeOf = async (subpath: string): Promise<number> => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '@artcafe/pubsub${subpath}'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      external: ['node:*'],
    });
    return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  };
  expect(await sizeOf('')).toBeLessThanOrEqual(coreBytes);
  expect(await sizeOf('/original')).toBeLessThanOrEqual(coreBytes + 1_000);
  expect(await sizeOf('/cursors/local-storage')).toBeLessThanOrEqual(1_000);
});

test('an ES module and a CommonJS module can use it, with nothing beside it', () => {
  const use = `
    const bus = new PubSub({ url: 'ws://host', token: 't', WebSocket: class {} });
    console.log(bus.state, new PubSubError('closed').code, typeof ArtCafeWebSocketClient, typeof FileCursor, typeof LocalStorageCursor);
    console.log(new ArtCafeWebSocketClient('ws://host', 't').onMessage(() => {}) instanceof ArtCafeWebSocketClient);`;
  const names = [
    ['PubSub, PubSubError', ''],
    ['ArtCafeWebSocketClient', '/original'],
    ['FileCursor', '/cursors/file'],
    ['LocalStorageCursor', '/cursors/local-storage'],
  ] as const;
  const imports = names
    .map(([what, where]) => `import { ${what} } from '@artcafe/pubsub${where}';`)
    .join('\n');
  const requires = names
    .map(([what, where]) => `const { ${what} } = require('@artcafe/pubsub${where}');`)
    .join('\n');
  writeFileSync(path.join(project, 'consumer.mjs'), imports + use);
  writeFileSync(path.join(project, 'consumer.cjs'), requires + use);
  const wanted = 'disconnected closed function function function\ntrue\n';
  expect(node('consumer.mjs')).toBe(wanted);
  expect(node('consumer.cjs')).toBe(wanted);
  expect(readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    '@artcafe',
  ]);
});

test('publint has nothing to say', () => {
  expect(
    node(path.join(modules, 'publint/src/cli.js'), 'node_modules/@artcafe/pubsub', '--strict'),
  ).toContain('All good!');
});

test('the types are there for both kinds of modules, and refuse what is wrong', () => {
  const files = ['mts', 'cts'].flatMap((extension) =>
    ['right', 'wrong'].map((name) => {
      const file = `${name}.${extension}`;
      copyFileSync(path.join(__dirname, 'consumer', `${name}.ts`), path.join(project, file));
      return file;
    }),
  );
  const compilerOptions = { noEmit: true, strict: true, target: 'es2023', module: 'nodenext', types: [] };
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  let output = '';
  try {
    node(path.join(modules, 'typescript/bin/tsc'), '--pretty', 'false');
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const complaints = [...output.matchAll(/^(\S+?)\((\d+),/gm)].map(([, file, line]) => `${file}:${line}`);
  const wrong = files.filter((file) => file.startsWith('wrong'));
  const marked = wrong.flatMap((file) =>
    readFileSync(path.join(project, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (line.endsWith('// wrong') ? [`${file}:${index + 1}`] : [])),
  );
  expect([...new Set(complaints)].sort()).toEqual(marked.sort());
});

test('the built files keep the promise: once and in order', async () => {
  const { PubSub } = (await import(path.join(client, 'dist/index.cjs'))) as typeof Package;
  await fc.assert(
    fc.asyncProperty(plans, (plan) => runHistory(plan, PubSub)),
    { numRuns: 10 },
  );
});
