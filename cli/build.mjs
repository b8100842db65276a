/**
 * Builds the command into `dist`: one file that starts fast, others that are loaded when they are needed, and the code of the
 * laptop gateway's worker threads. With `--assembly` also the stack for default settings, synthesized. Everything is bundled,
 * so the package has no dependencies.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const repository = path.join(here, '..');
const dist = path.join(here, 'dist');
const workers = ['functions/function-worker', 'tables/tables-worker'];

/** The gateway compiles its workers when it starts; the package has them compiled. */
const compiledWorkers = {
  name: 'compiled-workers',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]gateway[\\/]functions[\\/]worker-code\.ts$/ }, () => ({
      loader: 'ts',
      contents: `import { readFileSync } from 'node:fs';
        export const compileWorker = (name) =>
          readFileSync(new URL('../workers/' + name.replace(/\\.ts$/, '.cjs'), import.meta.url), 'utf8');`,
    }));
  },
};

/** The engine of the tables keeps them in memory here: its storage on disk needs a native module. */
const bundledEngine = {
  name: 'bundled-engine',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /[\\/]gateway[\\/]tables[\\/]tables-worker\.ts$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8');
      const contents = text.replace("createRequire(resolveFrom)('dynalite')", "require('dynalite')");
      if (contents === text) throw new Error(`${file} loads its engine in another way`);
      return { loader: 'ts', contents };
    });
    // The names of files, as a bundle knows them.
    onLoad({ filter: /[\\/]dynalite[\\/]index\.js$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replace(
        /require\('\.\/(actions|validations)\/' \+ action\)/g,
        (call) => call.replace('action)', "action + '.js')"),
      ),
    }));
    onResolve({ filter: /^level$/ }, () => ({ path: 'level', namespace: 'absent' }));
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'export {};' }));
  },
};

const shared = {
  absWorkingDir: repository,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minify: true,
  keepNames: true,
  logLevel: 'warning',
};

rmSync(dist, { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: { main: 'cli/main.ts' },
    outdir: dist,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    // What CommonJS has by itself.
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        "import { dirname as folderOf } from 'node:path';",
        "import { fileURLToPath as pathOf } from 'node:url';",
        'const require = requireFrom(import.meta.url), __filename = pathOf(import.meta.url), __dirname = folderOf(__filename);',
      ].join('\n'),
    },
    plugins: [compiledWorkers],
  }),
  build({
    ...shared,
    entryPoints: workers.map((name) => ({ in: `gateway/${name}.ts`, out: name })),
    outdir: path.join(dist, 'workers'),
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    plugins: [bundledEngine],
  }),
]);
execFileSync(process.execPath, ['console/build.mjs'], { cwd: repository, stdio: 'inherit' });
cpSync(path.join(repository, 'console/dist'), path.join(dist, 'console'), { recursive: true });
if (process.argv.includes('--assembly')) {
  execFileSync(process.execPath, ['--import', 'tsx', 'cli/write-assembly.ts', path.join(dist, 'assembly')], {
    cwd: repository,
    stdio: 'inherit',
  });
}
