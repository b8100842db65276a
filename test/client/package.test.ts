/**
 * The package as users get it: its size, its shape, its types, and that the built files keep what the sources promise.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import fc from 'fast-check';
import WebSocket from 'ws';
import type * as Package from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';
import { plans, runHistory } from '../helpers/random-history';

const client = path.join(__dirname, '../../clients/javascript');
const modules = path.join(__dirname, '../../node_modules');
/** In a browser, and in Node, where failed handshakes are told apart. */
const coreBytes = 14_865;
const nodeBytes = 15_405;

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
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test('the core is at most 14.87 KB in a browser, minified and gzipped, and the subpaths hardly more', async () => {
  const sizeOf = async (subpath: string, platform: 'browser' | 'node', ...external: string[]) => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '@artcafe/pubsub${subpath}'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      platform,
      write: false,
      external: ['node:*', ...external],
    });
    return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  };
  expect(await sizeOf('', 'browser')).toBeLessThanOrEqual(coreBytes);
  expect(await sizeOf('', 'node')).toBeLessThanOrEqual(nodeBytes);
  expect(await sizeOf('/original', 'browser')).toBeLessThanOrEqual(coreBytes + 1_000);
  expect(await sizeOf('/cursors/local-storage', 'browser', '@artcafe/pubsub')).toBeLessThanOrEqual(1_000);
});

test('an ES module and a CommonJS module can use it, with nothing beside it', () => {
  const use = `
    const bus = new PubSub({ url: 'wss://host', token: 't', WebSocket: class {} });
    console.log(bus.state, new PubSubError('closed').code, typeof ArtCafeWebSocketClient, typeof FileCursor, typeof LocalStorageCursor);
    console.log(new ArtCafeWebSocketClient('wss://host', 't').onMessage(() => {}) instanceof ArtCafeWebSocketClient);`;
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

test('classes keep their names, also when a bundler shortens them once more', async () => {
  writeFileSync(
    path.join(project, 'names.mjs'),
    `import * as core from '@artcafe/pubsub';
     import * as original from '@artcafe/pubsub/original';
     import * as file from '@artcafe/pubsub/cursors/file';
     import * as storage from '@artcafe/pubsub/cursors/local-storage';
     const bus = new core.PubSub({ url: 'wss://host', token: 't', WebSocket: class {} });
     const parts = [bus.channel('c'), bus.inbox, bus.agent('a'), bus.presence];
     console.log(JSON.stringify([
       Object.entries({ ...core, ...original, ...file, ...storage })
         .filter(([, value]) => /^class/.test(String(value)))
         .map(([name, value]) => [name, value.name]),
       parts.map((part) => part.constructor.name),
       String(new core.PubSubError('closed')),
     ]));`,
  );
  await build({
    entryPoints: [path.join(project, 'names.mjs')],
    outfile: path.join(project, 'names.min.mjs'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
  });
  for (const file of ['names.mjs', 'names.min.mjs']) {
    const [classes, parts, error] = JSON.parse(node(file)) as [[string, string][], string[], string];
    expect(classes.length).toBeGreaterThanOrEqual(6);
    for (const [exported, name] of classes) expect(name).toBe(exported);
    expect(parts).toEqual(['Channel', 'Inbox', 'Agent', 'Presence']);
    expect(error).toBe('PubSubError: closed');
  }
});

test.each([
  ['with nothing but the language', 'vm'],
  ['in a worker', 'worker'],
  ['with frozen intrinsics', 'frozen'],
])('it can be imported %s', (_, where) => {
  const entry = JSON.stringify(path.join(project, 'node_modules/@artcafe/pubsub/dist/index.cjs'));
  // Of what a page, a worker or Node adds, a new context has nothing: no TextEncoder, crypto, setTimeout or URL.
  const scripts: Record<string, string> = {
    vm: `const vm = require('node:vm');
      const source = require('node:fs').readFileSync(${entry}, 'utf8');
      const context = vm.createContext({ module: { exports: {} } });
      vm.runInContext('var exports = module.exports;' + source, context);
      console.log(typeof context.module.exports.PubSub);`,
    worker: `const { Worker } = require('node:worker_threads');
      new Worker('console.log(typeof require(' + JSON.stringify(${entry}) + ').PubSub)', { eval: true });`,
    frozen: `console.log(typeof require(${entry}).PubSub);`,
  };
  writeFileSync(path.join(project, `${where}.cjs`), scripts[where] ?? '');
  const options = where === 'frozen' ? ['--frozen-intrinsics'] : [];
  expect(node('--no-warnings', ...options, `${where}.cjs`)).toBe('function\n');
});

test('without TypeScript, as in an install for production, the client is built all the same', () => {
  const copy = path.join(project, 'checkout');
  for (const folder of ['clients/javascript', 'protocol']) {
    cpSync(path.join(client, '../..', folder), path.join(copy, folder), {
      recursive: true,
      filter: (file) => path.basename(file) !== 'dist',
    });
  }
  writeFileSync(path.join(copy, 'tsconfig.json'), '{}');
  mkdirSync(path.join(copy, 'node_modules/@esbuild'), { recursive: true });
  const platform = readdirSync(path.join(modules, '@esbuild'));
  symlinkSync(path.join(modules, 'esbuild'), path.join(copy, 'node_modules/esbuild'));
  for (const name of platform) {
    symlinkSync(path.join(modules, '@esbuild', name), path.join(copy, 'node_modules/@esbuild', name));
  }
  execFileSync(process.execPath, ['--preserve-symlinks', 'clients/javascript/build.mjs'], {
    cwd: copy,
    stdio: 'pipe',
  });
  expect(readdirSync(path.join(copy, 'clients/javascript/dist'))).toEqual(
    expect.arrayContaining(['index.cjs', 'index.mjs', 'original.cjs', 'cursors']),
  );
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

test.each([
  ['node10', 'commonjs', '6.0'],
  ['bundler', 'esnext', undefined],
])('with moduleResolution %s, the types of every subpath are found', (moduleResolution, module, ignored) => {
  writeFileSync(
    path.join(project, 'subpaths.ts'),
    `import { PubSub } from '@artcafe/pubsub';
     import { ArtCafeWebSocketClient } from '@artcafe/pubsub/original';
     import { FileCursor } from '@artcafe/pubsub/cursors/file';
     import { LocalStorageCursor } from '@artcafe/pubsub/cursors/local-storage';
     export const all = [PubSub, ArtCafeWebSocketClient, FileCursor, LocalStorageCursor] as const;
     // @ts-expect-error -- it is a type, and not any
     new FileCursor(5);`,
  );
  const compilerOptions = {
    ...{ noEmit: true, strict: true, target: 'es2022', lib: ['es2022'], types: [], skipLibCheck: true },
    ...{ module, moduleResolution },
    ...(ignored === undefined ? {} : { ignoreDeprecations: ignored }),
  };
  writeFileSync(
    path.join(project, 'tsconfig.subpaths.json'),
    JSON.stringify({ compilerOptions, files: ['subpaths.ts'] }),
  );
  expect(node(path.join(modules, 'typescript/bin/tsc'), '-p', 'tsconfig.subpaths.json')).toBe('');
});

test('the build shortens only names that nobody else uses', () => {
  const folder = path.join(project, 'sources');
  mkdirSync(folder);
  writeFileSync(
    path.join(folder, 'index.ts'),
    `import { Inner } from './inner';
     export interface Options { shared: string }
     export class Outer {
       open = 0;
       constructor(inner: Inner) { inner.first(inner.asked); inner.wire({ wire: 1 }); }
     }`,
  );
  writeFileSync(
    path.join(folder, 'inner.ts'),
    `interface Foreign { asserted?: () => void }
     export class Inner {
       open = 1; shared = ''; asked = 2; text = 'said'; said = 3; asserted = 4; read = 5; then = 6;
       constructor(readonly kept: number) {}
       first(value: number): unknown { return (JSON.parse('{}') as Foreign).asserted ?? this.kept + value; }
       wire(frame: Record<string, unknown>): unknown { const { read } = frame; return read; }
       later(): void { void Promise.resolve().then(() => this.text); }
     }`,
  );
  const print = `import ts from ${JSON.stringify(path.join(modules, 'typescript/lib/typescript.js'))};
    import { ownNames } from ${JSON.stringify(path.join(client, 'own-names.mjs'))};
    const entry = ${JSON.stringify(path.join(folder, 'index.ts'))};
    const program = ts.createProgram([entry], { strict: true, target: ts.ScriptTarget.ES2022, types: [] });
    console.log(ownNames(ts, program, ${JSON.stringify(folder)}, [entry]).sort().join());`;
  expect(node('--input-type=module', '--eval', print)).toBe('asked,first,kept,later,text\n');
});

test('the built client connects, begins at positions, and says what is wrong in the words of the user', async () => {
  const { PubSub } = (await import(path.join(client, 'dist/index.cjs'))) as typeof Package;
  const bus = new FakeBus(1, PubSub);
  const bob = await bus.connected('bob');
  expect(bob.state).toBe('connected');
  const { epoch } = bus.server.publish('c', 'one');
  bus.server.publish('c', 'two');
  const after = { epoch, sequence: 1 };
  const { value } = await bus.during(bob.channel('c').history({ after }).next());
  expect(value).toMatchObject({ content: 'two' });
  const { value: live } = await bus.during(bob.channel('c').messages({ since: after }).next());
  expect(live).toMatchObject({ content: 'two' });
  expect(() => new PubSub(5 as never)).toThrow('"options" must be an object');
  expect(() => {
    bob.onRequest(5 as never);
  }).toThrow('"handler" must be a function');
  await expect(bob.channel('c').subscribe(5 as never)).rejects.toThrow('"handler" must be a function');
});

test('the bundle for browsers sees with ws that a token is refused, and does not try it again', async () => {
  let handshakes = 0;
  const server = createServer((_, response) => {
    handshakes += 1;
    response.writeHead(401).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { PubSub } = (await import(path.join(client, 'dist/browser/index.cjs'))) as typeof Package;
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const bus = new PubSub({ url, token: 'refused', WebSocket });
    await expect(bus.connect()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(handshakes).toBe(1);
    expect(bus.state).toBe('closed');
  } finally {
    server.close();
  }
});

test.each(['dist/index.cjs', 'dist/browser/index.cjs'])(
  '%s keeps the promise: once and in order',
  async (file) => {
    const { PubSub } = (await import(path.join(client, file))) as typeof Package;
    await fc.assert(
      fc.asyncProperty(plans, (plan) => runHistory(plan, PubSub)),
      { numRuns: 10 },
    );
  },
);
