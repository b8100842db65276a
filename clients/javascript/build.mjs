/**
 * Builds the package into `dist`: ES modules and CommonJS by esbuild, types by TypeScript. The parts of the protocol are
 * bundled in, so the package has no dependencies.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { ownNames } from './own-names.mjs';

const here = import.meta.dirname;
const dist = path.join(here, 'dist');
/** Other processes may read the package meanwhile, so it is built beside and then takes the place. */
const out = path.join(here, `dist-${process.pid}`);
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
    onResolve({ filter: /\/platform$/ }, () => ({ path: path.join(here, 'connection/platform.browser.ts') }));
  },
};

/** Users meet these in logs and in `constructor.name`. */
const publicClasses = [
  'Agent',
  'ArtCafeWebSocketClient',
  'Channel',
  'FileCursor',
  'Inbox',
  'LocalStorageCursor',
  'MemoryCursor',
  'Presence',
  'PubSub',
  'PubSubError',
  'RequestError',
];

/** Public classes keep their names, however short the bundle makes them. */
const classNames = {
  name: 'class-names',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]clients[\\/]javascript[\\/].*\.ts$/ }, ({ path: file }) => ({
      loader: 'ts',
      contents: readFileSync(file, 'utf8').replace(/^export class (\w+)[^{]*\{/gm, (head, name) =>
        publicClasses.includes(name) ? `${head} static get name() { return '${name}'; }` : head,
      ),
    }));
  },
};

const compiler = await findCompiler();
const shortened = compiler === undefined ? [] : emitTypes(compiler);
if (compiler === undefined)
  console.warn(
    'The client is built without types: they need the development dependencies (npm ci --include=dev)',
  );
for (const [format, extension] of [
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
]) {
  await bundle(format, extension, entries, out, [core, classNames]);
  await bundle(format, extension, ['index'], path.join(out, 'browser'), [browser, classNames]);
}
takePlace();

function takePlace() {
  const old = `${out}-old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(out, dist);
  rmSync(old, { recursive: true, force: true });
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
    // Node prints the line of an error that nobody catches.
    lineLimit: 120,
    // Fields that the constructor sets need no declaration of their own.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    ...(shortened.length > 0 && { mangleProps: new RegExp(`^(${shortened.join('|')})$`) }),
    sourcemap: true,
    sourcesContent: true,
    plugins,
    logLevel: 'warning',
  });
}

/** An install for production leaves out the types of Node, and may bring the compiler all the same, as a peer of another package. */
async function findCompiler() {
  try {
    createRequire(import.meta.url).resolve('@types/node/package.json');
    return (await import('typescript')).default;
  } catch {
    return undefined;
  }
}

/** Writes the declarations. Gives the names that the bundles shorten. */
function emitTypes(ts) {
  const config = path.join(here, 'tsconfig.build.json');
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    here,
  );
  const program = ts.createProgram(fileNames, { ...options, outDir: path.join(out, 'types') });
  const { diagnostics } = program.emit();
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (faults.length > 0) throw new Error(ts.formatDiagnostics(faults, ts.createCompilerHost(options)));
  writeModuleTypes();
  return ownNames(
    ts,
    program,
    here,
    entries.map((entry) => path.join(here, `${entry}.ts`)),
  );
}

/** The declarations are those of CommonJS; these make them an ES module's too. */
function writeModuleTypes() {
  for (const entry of entries) {
    const file = path.join(out, `${entry}.d.mts`);
    mkdirSync(path.dirname(file), { recursive: true });
    const types = path.relative(
      path.dirname(file),
      path.join(out, 'types', 'clients/javascript', `${entry}.js`),
    );
    writeFileSync(file, `export * from './${types}';\n`);
  }
}
