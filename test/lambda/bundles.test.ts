/** Size of each function's bundle, made with the settings of the stack: size is cold start. docs/architecture.md tells the sizes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { aliases, mainFields, target } from '../../lib/functions/bundling';

const root = path.join(__dirname, '../..');
const kilobyte = 1_024;
const page = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
const functions = readdirSync(path.join(root, 'lambda/functions'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.basename(file, '.ts'));

function sizeOf(name: string): number {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(root, `lambda/functions/${name}.ts`)],
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
  return outputFiles[0]!.contents.byteLength / kilobyte;
}

test.each(functions)(
  '%s is small, and has the size that the page says, within three in a hundred',
  (name) => {
    const size = sizeOf(name);
    expect(size).toBeLessThanOrEqual(name === 'authorizer' ? 60 : 400);
    const told = Number(new RegExp(`^\\| ${name} \\| ([\\d.]+) KB \\|`, 'm').exec(page)?.[1]);
    expect({ name, size: Math.abs(size / told - 1) <= 0.03 ? told : size }).toEqual({ name, size: told });
  },
);
