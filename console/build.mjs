/** Builds the page into `dist`: one script and one stylesheet, minified, nothing loaded from elsewhere. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const dist = path.join(here, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: [
    { in: 'app/main.tsx', out: 'app' },
    { in: 'app/styles/all.css', out: 'app' },
  ],
  outdir: dist,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg'])
  copyFileSync(path.join(here, 'app', file), path.join(dist, file));
