/** The bundles of the functions: their names, and how esbuild makes them. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as esbuild from 'esbuild';

export const repository = path.join(__dirname, '../..');

/** The oldest Node that we support: the laptop gateway runs the same files. */
export const target = 'node20';

export interface Bundle {
  /** File in `lambda/functions/` that exports `handler`. */
  readonly entry: string;
  /** Variables whose values are compiled in, so that esbuild removes the code that they exclude. */
  readonly fixed: Readonly<Record<string, string>>;
}

/** @example bundleName({ entry: 'default.ts', fixed: { SENDER: 'lean' } }) // 'default.lean' */
export function bundleName({ entry, fixed }: Bundle): string {
  return [path.basename(entry, '.ts'), ...Object.values(fixed)].join('.');
}

/** One file with the SDK in it: it loads faster than Lambda's own copy, and it is the code that the tests ran. */
export function makeBundle({ entry, fixed }: Bundle, outfile: string): void {
  // Loaded here, because an app that has the construct as a package has the bundles and needs no esbuild.
  const { buildSync } = createRequire(__filename)('esbuild') as typeof esbuild;
  buildSync({
    entryPoints: [path.join(repository, 'lambda/functions', entry)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target,
    mainFields: ['module', 'main'],
    // Nothing here has event streams. With the dynamic import of them, every module that they share would be parsed twice.
    external: ['@smithy/core/event-streams'],
    // Packages that are replaced in the bundles.
    alias: {
      '@aws-sdk/credential-provider-node': path.join(repository, 'lambda/aws/environment-credentials.ts'),
    },
    define: Object.fromEntries(
      Object.entries(fixed).map(([name, value]) => [`process.env.${name}`, JSON.stringify(value)]),
    ),
    logLevel: 'warning',
  });
}
