/**
 * `npm run pack:construct`: makes the package of the construct, with the bundles of the functions inside, so that a foreign app
 * needs no esbuild.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { variables } from '../../lambda/contract';
import { type Bundle, bundleName, makeBundle, target } from '../../lib/functions/bundling';
import { functionTable } from '../../lib/functions/function-table';
import { senders } from '../../lib/settings/settings-schema';
import { repository, runCommand, userPath } from '../command';

const usage = `Usage: npm run pack:construct -- [--out FOLDER]

  --out FOLDER  where the package goes (default: .local)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const out = values.out === undefined ? path.join(repository, '.local') : userPath(values.out);
  mkdirSync(out, { recursive: true });
  const stage = mkdtempSync(path.join(tmpdir(), 'artcafe-construct-'));
  try {
    await fill(stage);
    const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', out], {
      cwd: stage,
      encoding: 'utf8',
    });
    console.log(path.join(out, name.trim()));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

async function fill(stage: string): Promise<void> {
  const dist = path.join(stage, 'dist');
  for (const name of ['package.json', 'README.md'])
    copyFileSync(path.join(repository, 'lib/package', name), path.join(stage, name));
  copyFileSync(path.join(repository, 'LICENSE'), path.join(stage, 'LICENSE'));
  await build({
    entryPoints: ['index', 'app'].map((name) => path.join(repository, `lib/package/${name}.ts`)),
    outdir: dist,
    bundle: true,
    platform: 'node',
    target,
    packages: 'external',
  });
  // Read beside the code that names it.
  copyFileSync(path.join(repository, 'lib/edge/edge-function.js'), path.join(dist, 'edge-function.js'));
  for (const bundle of bundles())
    makeBundle(bundle, path.join(dist, 'bundles', bundleName(bundle), 'index.js'));
  writeTypes(dist);
}

/** A setting that is compiled in has a bundle for each of its values. */
function bundles(): Bundle[] {
  return Object.values(functionTable).flatMap(({ entry, environment }): Bundle[] =>
    environment.includes('sender')
      ? senders.map((sender) => ({ entry, fixed: { [variables.sender]: sender } }))
      : [{ entry, fixed: {} }],
  );
}

function writeTypes(dist: string): void {
  const config = path.join(dist, 'tsconfig.json');
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, emitDeclarationOnly: true },
    ...{ rootDir: repository, outDir: path.join(dist, 'types') },
    ...{ types: ['node'], typeRoots: [path.join(repository, 'node_modules/@types')] },
  };
  const files = [path.join(repository, 'lib/package/index.ts')];
  writeFileSync(
    config,
    JSON.stringify({ extends: path.join(repository, 'tsconfig.json'), compilerOptions, files, include: [] }),
  );
  execFileSync(process.execPath, [path.join(repository, 'node_modules/typescript/bin/tsc'), '-p', config], {
    stdio: 'inherit',
  });
  rmSync(config);
}

void runCommand(main);
