/**
 * Builds the package into `dist`: ES modules and CommonJS by esbuild, types by tsc. The protocol's parts are bundled in;
 * there is nothing to install beside the package. Without the development dependencies there are no types.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { keptNames, shortNames } from './short-names.mjs';

const here = import.meta.dirname;
const dist = path.join(here, 'dist');
const entries = ['index', 'original', 'cursors/file', 'cursors/local-storage'];

/** Subpaths stand on the package itself, so that there is one copy of everything. */
const core = {
  name: 'core',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/index$/ }, () => ({ path: '@artcafe/pubsub', external: true }));
  },
};

/** Browsers tell less of a connection than Node. */
const browser = {
  name: 'browser',
  setup({ onResolve }) {
    onResolve({ filter: /\/platform$/ }, () => ({ path: path.join(here, 'platform.browser.ts') }));
  },
};

/** Classes that users meet are called by their names in logs, however short the bundle makes them. */
const classNames = {
  name: 'class-names',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]clients[\\/]javascript[\\/].*\.ts$/ }, ({ path: file }) => ({
      loader: 'ts',
      contents: readFileSync(file, 'utf8').replace(/^export class (\w+)[^{]*\{/gm, (head, name) =>
        keptNames.includes(name) ? `${head} static get name() { return '${name}'; }` : head,
      ),
    }));
  },
};

rmSync(dist, { recursive: true, force: true });
for (const [format, extension] of [
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
]) {
  await bundle(format, extension, entries, dist, [core, classNames]);
  await bundle(format, extension, ['index'], path.join(dist, 'browser'), [browser, classNames]);
}

const compiler = findCompiler();
if (compiler === undefined) {
  console.warn(
    'The client is built without types: they need the development dependencies (npm ci --include=dev)',
  );
} else {
  execFileSync(process.execPath, [compiler, '-p', path.join(here, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  writeModuleTypes();
}

function bundle(format, extension, names, outdir, plugins) {
  return build({
    absWorkingDir: here,
    entryPoints: names.map((name) => `${name}.ts`),
    outdir,
    outExtension: { '.js': `.${extension}` },
    bundle: true,
    format,
    target: 'es2022',
    platform: 'neutral',
    external: ['node:*'],
    minify: true,
    // Fields that the constructor sets need no declaration of their own.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    mangleProps: new RegExp(`^(${shortNames.join('|')})$`),
    sourcemap: true,
    sourcesContent: true,
    plugins,
    logLevel: 'warning',
  });
}

/** An install for production leaves out the types of Node, and may bring the compiler all the same, as a peer of another package. */
function findCompiler() {
  const { resolve } = createRequire(import.meta.url);
  try {
    resolve('@types/node/package.json');
    return resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

/** The declarations are those of CommonJS; these make them an ES module's too. */
function writeModuleTypes() {
  for (const entry of entries) {
    const file = path.join(dist, `${entry}.d.mts`);
    mkdirSync(path.dirname(file), { recursive: true });
    const types = path.relative(
      path.dirname(file),
      path.join(dist, 'types', 'clients/javascript', `${entry}.js`),
    );
    writeFileSync(file, `export * from './${types}';\n`);
  }
}
