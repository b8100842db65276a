/** Size of each function's bundle, made with the settings of the stack: size is cold start. docs/architecture.md tells the sizes. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { sources as assemblySources } from '../../bin/synthesis/assembly-cache';
import { bundleSources } from '../../lib/functions/bundle-cache';
import { sourceFiles, stateOf } from '../../lib/functions/source-files';
import { assemblyFor } from '../helpers/assembly';
import { makeBundle } from '../../lib/functions/bundling';

const root = path.join(__dirname, '../..');
const kilobyte = 1_024;
const page = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
const functions = readdirSync(path.join(root, 'lambda/functions'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.basename(file, '.ts'));

const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-bundles-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** By default as the stack makes it for a deployment that keeps the default sender. */
function bundleOf(name: string, sender = 'lean'): Buffer {
  const file = path.join(folder, `${name}.${sender}.js`);
  makeBundle({ entry: `${name}.ts`, fixed: { SENDER: sender } }, file);
  return readFileSync(file);
}

function digestOf(file: Buffer): string {
  return createHash('sha256').update(file).digest('hex');
}

test.each(functions)(
  '%s is small, and has the size that the page says, within three in a hundred',
  (name) => {
    const size = bundleOf(name).byteLength / kilobyte;
    expect(size).toBeLessThanOrEqual(name === 'authorizer' ? 60 : 400);
    const told = Number(new RegExp(`^\\| ${name} \\| ([\\d.]+) KB \\|`, 'm').exec(page)?.[1]);
    expect({ name, size: Math.abs(size / told - 1) <= 0.03 ? told : size }).toEqual({ name, size: told });
  },
);

test('each function of the stack has the bundle that esbuild makes of its entry', async () => {
  const assembly = await assemblyFor();
  const { Resources } = JSON.parse(
    readFileSync(path.join(assembly, 'ArtCafePubSub.template.json'), 'utf8'),
  ) as { Resources: Record<string, { Properties?: { Handler?: string; Code?: { S3Key?: string } } }> };
  const assets = Object.values(Resources).flatMap(({ Properties }) =>
    Properties?.Handler === 'index.handler' ? [Properties.Code?.S3Key?.replace('.zip', '')] : [],
  );
  const deployed = assets.map((asset) =>
    digestOf(readFileSync(path.join(assembly, `asset.${String(asset)}/index.js`))),
  );
  // The queue that publishes is off by default, and so is its function.
  const made = functions.filter((name) => name !== 'publish-queue').map((name) => digestOf(bundleOf(name)));
  expect(new Set(deployed)).toEqual(new Set(made));
  expect(deployed).toHaveLength(made.length);
});

/** How esbuild wraps a module that a dynamic import can reach, so that it is evaluated later. */
const lateModules = /return (\w+)&&\((\w+)=\1\(\1=0\)\),\2\}/;

test('no module is wrapped for a dynamic import, which would be parsed twice, but where the sender is the SDK’s', () => {
  const areWrapped = (name: string, sender: string) => lateModules.test(bundleOf(name, sender).toString());
  expect(functions.filter((name) => areWrapped(name, 'lean'))).toEqual([]);
  expect(areWrapped('default', 'sdk')).toBe(true);
});

const handlers = functions.map((name) => `lambda/functions/${name}.ts`);

test.each([
  ['a bundle', bundleSources, handlers],
  ['an assembly', assemblySources, [...handlers, 'bin/app.ts']],
])('the cache goes by every file of the checkout that %s is made of', (_what, sources, entryPoints) => {
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    packages: 'external',
    platform: 'node',
    metafile: true,
    write: false,
    outdir: folder,
    logLevel: 'error',
  });
  const known = new Set(sourceFiles(sources).map((file) => path.relative(root, file)));
  const read = Object.keys(metafile.inputs);
  expect(read).toContain('protocol/limits.ts');
  expect(read.filter((file) => !known.has(file))).toEqual([]);
});

test('the key of a cache changes with the content and the name of a file', () => {
  const [first, second] = ['first', 'second'].map((name) => path.join(folder, name));
  const stateWith = (file: string, content: string): string => {
    writeFileSync(file, content);
    return stateOf([file]);
  };
  const states = [stateWith(first!, 'a'), stateWith(first!, 'b'), stateWith(second!, 'a')];
  expect(new Set(states).size).toBe(3);
  expect(stateWith(first!, 'a')).toBe(states[0]);
});
