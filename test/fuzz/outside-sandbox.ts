/**
 * Loads a module as the functions run it. In jest's sandbox each look at a global (`Array`, `Number`) goes through an
 * interceptor: over thousands of values that takes more CPU time than the work itself, and a bound on it would tell of jest.
 */
import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import { buildSync } from 'esbuild';
import { target } from '../../lib/functions/bundling';

/** The exports of a TypeScript file, path from this folder's; its classes are not those of a plain import. */
export function loadOutsideSandbox(file: string): unknown {
  const { outputFiles } = buildSync({
    entryPoints: [file],
    absWorkingDir: __dirname,
    bundle: true,
    write: false,
    platform: 'node',
    target,
    format: 'cjs',
  });
  const module = { exports: {} };
  const wrapped = runInThisContext(`(function (module, exports, require) {${outputFiles[0]!.text}\n})`) as (
    ...parts: readonly unknown[]
  ) => void;
  wrapped(module, module.exports, createRequire(__filename));
  return module.exports;
}
