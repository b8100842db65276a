/** Size of each function's bundle, made with the settings of the stack: size is cold start. */
import { buildSync } from 'esbuild';
import { aliases, mainFields, target } from '../../lib/functions/bundling';

const kilobyte = 1_024;

test.each([
  ['authorizer', 60],
  ['connect', 400],
  ['default', 400],
  ['disconnect', 400],
  ['inbox', 400],
  ['fan-out', 400],
  ['presence', 400],
  ['publish-queue', 400],
  ['publish-queue', 400],
  ['sweep', 400],
])('%s is at most %i KB', (name, limit) => {
  const { outputFiles } = buildSync({
    entryPoints: [`lambda/functions/${name}.ts`],
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    target,
    format: 'cjs',
    mainFields,
    alias: { ...aliases },
    // As the stack does for a deployment that keeps the default sender.
    define: { 'process.env.SENDER': '"lean"' },
  });
  expect(outputFiles[0]!.contents.byteLength / kilobyte).toBeLessThanOrEqual(limit);
});
