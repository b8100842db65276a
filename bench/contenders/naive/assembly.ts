/** The baseline as an assembly, bundled like our functions, so that only the design differs. */
import path from 'node:path';
import { buildSync } from 'esbuild';
import { writeAssembly } from '../assembly';

export function writeNaiveAssembly(folder: string): string {
  return writeAssembly(folder, {
    tables: { Connections: ['connectionId'] },
    variables: {},
    build: (outfile) => {
      buildSync({
        entryPoints: [path.join(__dirname, 'functions.ts')],
        outfile,
        bundle: true,
        minify: true,
        platform: 'node',
        target: 'node20',
        format: 'cjs',
        mainFields: ['module', 'main'],
      });
    },
  });
}
