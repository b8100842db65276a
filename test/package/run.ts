/**
 * The packed SDK with the tools of others: `npm run suite package`. The first steps of its page in an empty folder, imports under Jest 29 and 30 with jsdom, types under
 * TypeScript 5 and this repository's TypeScript 6, and what `publint` and `attw` say of the tarball; `attw` also of the construct. Most of its time is the
 * installs from the registry; where that does not answer, one line says so and they are left out.
 */
import path from 'node:path';
import { followFirstSteps } from './first-steps';
import { packPackage, runSuite, type Scratch, scratchFolder } from './scratch';

const modules = path.resolve(__dirname, '../../node_modules');
const subpaths = ['', '/original', '/cursors/file', '/cursors/local-storage'];

const everyName = `
import { PubSub } from '@artcafe/pubsub';
import { ArtCafeWebSocketClient } from '@artcafe/pubsub/original';
import { FileCursor } from '@artcafe/pubsub/cursors/file';
import { LocalStorageCursor } from '@artcafe/pubsub/cursors/local-storage';
export const all = [PubSub, ArtCafeWebSocketClient, FileCursor, LocalStorageCursor] as const;
// @ts-expect-error -- it is a type, and not any
new FileCursor(5);
`;

/** `file` decides the kind of module where the resolution asks for it. */
const resolutions = [
  { moduleResolution: 'node', module: 'commonjs', file: 'every.ts' },
  { moduleResolution: 'node16', module: 'node16', file: 'every.mts' },
  { moduleResolution: 'node16', module: 'node16', file: 'every.cts' },
  { moduleResolution: 'bundler', module: 'esnext', file: 'every.ts' },
] as const;

async function main(): Promise<void> {
  const packed = scratchFolder();
  try {
    const tarball = packPackage('clients/javascript', packed.folder);
    for (const [name, check] of Object.entries(checks)) {
      const scratch = scratchFolder();
      try {
        await check(scratch, tarball);
        console.log(`${name}: good`);
      } finally {
        scratch.remove();
      }
    }
  } finally {
    packed.remove();
  }
}

/** Each throws when it finds a fault. Those that need nothing from the registry come first. */
const checks: Readonly<Record<string, (scratch: Scratch, tarball: string) => void | Promise<void>>> = {
  'import and require': (scratch, tarball) => {
    scratch.install(tarball);
    for (const subpath of subpaths) {
      const entry = JSON.stringify(`@artcafe/pubsub${subpath}`);
      const names = scratch.run(
        ...[process.execPath, '--input-type=module', '--eval'],
        `import * as esm from ${entry};
         import { createRequire } from 'node:module';
         const cjs = createRequire(process.cwd() + '/x.js')(${entry});
         const of = (names) => Object.keys(names).filter((name) => !/^(default|module.exports)$/.test(name)).sort().join();
         if (of(esm) === '' || of(esm) !== of(cjs)) throw new Error(of(esm) + ' and ' + of(cjs));`,
      );
      if (names !== '') throw new Error(`Importing ${entry} prints ${names}`);
    }
  },
  publint: (scratch, tarball) => {
    const said = scratch.run(process.execPath, path.join(modules, 'publint/src/cli.js'), tarball, '--strict');
    if (!said.includes('All good!')) throw new Error(said);
  },
  'first steps of the page': (scratch, tarball) =>
    followFirstSteps(scratch, [tarball, packPackage('cli', scratch.folder)]),
  'Jest 29 with jsdom': (scratch, tarball) => {
    importInJest(scratch, tarball, 29);
  },
  'Jest 30 with jsdom': (scratch, tarball) => {
    importInJest(scratch, tarball, 30);
  },
  'types with TypeScript 5 and 6': (scratch, tarball) => {
    scratch.install(tarball, 'typescript@5.9.3');
    compile(scratch, path.join(scratch.folder, 'node_modules/typescript'), {});
    compile(scratch, path.join(modules, 'typescript'), { ignoreDeprecations: '6.0' });
  },
  'are the types wrong': (scratch, tarball) => {
    scratch.install('@arethetypeswrong/cli@0.18.5');
    const attw = path.join(scratch.folder, 'node_modules/.bin/attw');
    scratch.run(attw, tarball, '--format', 'ascii');
    const pack = ['run', '--silent', 'pack:construct', '--', '--out', scratch.folder];
    const construct = scratch.run('npm', '--prefix', path.dirname(modules), ...pack);
    scratch.run(attw, construct.trim().split('\n').at(-1) ?? '', '--format', 'ascii');
  },
};

function importInJest(scratch: Scratch, tarball: string, major: 29 | 30): void {
  scratch.install(tarball, `jest@${major}`, `jest-environment-jsdom@${major}`);
  scratch.write(
    'import.test.js',
    `/** @jest-environment jsdom */
    test.each(${JSON.stringify(subpaths)})('@artcafe/pubsub%s', (subpath) => {
      expect(typeof window).toBe('object');
      expect(Object.keys(require('@artcafe/pubsub' + subpath))).not.toEqual([]);
    });
    test('a client can be made and closed', async () => {
      const { PubSub } = require('@artcafe/pubsub');
      await new PubSub({ url: 'ws://127.0.0.1:9', token: 't' }).close();
    });`,
  );
  scratch.run(path.join(scratch.folder, 'node_modules/.bin/jest'), '--ci');
}

function compile(scratch: Scratch, typescript: string, further: Readonly<Record<string, string>>): void {
  for (const { file, ...resolution } of resolutions) {
    scratch.write(file, everyName);
    const compilerOptions = {
      ...{ noEmit: true, strict: true, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
      ...resolution,
      ...further,
    };
    scratch.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }));
    scratch.run(process.execPath, path.join(typescript, 'bin/tsc'), '-p', 'tsconfig.json');
  }
}

void runSuite(main);
