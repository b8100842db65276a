/**
 * Compiles the TypeScript sources that run in worker threads. At start, because worker threads do not inherit the
 * loader of the gateway (tsx, jest).
 */
import { buildSync } from 'esbuild';
import { join } from 'node:path';

/** Source text for `new Worker(code, { eval: true })` of a file in the gateway's folder. */
export function compileWorker(fileName: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, '..', fileName)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    write: false,
    logLevel: 'silent',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`nothing compiled from ${fileName}`);
  return output.text;
}
