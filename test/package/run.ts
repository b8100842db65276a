/**
 * The packed SDK with the tools of others: `npm run test:package`. Imports under Jest 29 and 30 with jsdom, types under
 * TypeScript 5 and this repository's TypeScript, and what `publint` and `attw` say of the tarball. Takes about a minute on two
 * cores, most of it the installs (60 MB, from the registry); without a registry it says so and passes.
 */
import path from 'node:path';
import { packSdk, type Scratch, scratchFolder } from './scratch';

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

function main(): void {
  for (const [name, check] of Object.entries(checks)) {
    const scratch = scratchFolder();
    try {
      const tarball = packSdk(scratch.folder);
      console.log(
        check(scratch, `./${tarball}`) ? `${name}: good` : `${name}: skipped, the registry does not answer`,
      );
    } finally {
      scratch.remove();
    }
  }
}

/** Each throws when it finds a fault, and gives false when a package can't be fetched. */
const checks: Readonly<Record<string, (scratch: Scratch, tarball: string) => boolean>> = {
  'Jest 29 with jsdom': (scratch, tarball) => importInJest(scratch, tarball, 29),
  'Jest 30 with jsdom': (scratch, tarball) => importInJest(scratch, tarball, 30),
  'types with TypeScript 5': (scratch, tarball) => {
    if (!scratch.install(tarball, 'typescript@5.9.3')) return false;
    compile(scratch, path.join(scratch.folder, 'node_modules/typescript'));
    return true;
  },
  'import and require': (scratch, tarball) => {
    if (!scratch.install(tarball)) return false;
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
    return true;
  },
  publint: (scratch, tarball) => {
    const said = scratch.run(process.execPath, path.join(modules, 'publint/src/cli.js'), tarball, '--strict');
    if (!said.includes('All good!')) throw new Error(said);
    return true;
  },
  'are the types wrong': (scratch, tarball) => {
    if (!scratch.install('@arethetypeswrong/cli@0.18.5')) return false;
    scratch.run(path.join(scratch.folder, 'node_modules/.bin/attw'), tarball, '--format', 'ascii');
    return true;
  },
};

function importInJest(scratch: Scratch, tarball: string, major: 29 | 30): boolean {
  if (!scratch.install(tarball, `jest@${major}`, `jest-environment-jsdom@${major}`)) return false;
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
  return true;
}

function compile(scratch: Scratch, typescript: string): void {
  for (const { file, ...resolution } of resolutions) {
    scratch.write(file, everyName);
    const compilerOptions = {
      ...{ noEmit: true, strict: true, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
      ...resolution,
    };
    scratch.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }));
    scratch.run(process.execPath, path.join(typescript, 'bin/tsc'), '-p', 'tsconfig.json');
  }
}

main();
