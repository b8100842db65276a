/**
 * `npm run suite http-api`: Schemathesis (PyPI) asks the HTTP API of a laptop gateway whatever `docs/schema/openapi.json` allows and
 * does not allow. Without Python or the package it says so in one line and passes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Bus, fresh } from '../helpers/bus';
import { pythonWith } from '../helpers/python-packages';

const folder = path.resolve(__dirname, '../../.local/schemathesis');
const packages = ['schemathesis==4.32.5'];
const revocations = 3_000;

async function main(): Promise<void> {
  const python = pythonWith(folder, packages, 'No Schemathesis');
  if (python === undefined) return;
  const bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  try {
    const service = () => bus.signedToken({ tenant_id: fresh('t'), agent_id: 'fuzz', role: 'service' });
    const document = path.join(folder, 'openapi.json');
    const tokens = path.join(folder, 'tokens');
    writeFileSync(document, described());
    writeFileSync(tokens, Array.from({ length: revocations }, service).join('\n'));
    const config = path.join(__dirname, 'schemathesis.toml');
    const options = ['--config-file', config, '--no-color', 'run', document, ...process.argv.slice(2)];
    const child = spawn(path.join(path.dirname(python), 'schemathesis'), options, {
      // It keeps a cache there.
      cwd: folder,
      stdio: 'inherit',
      env: {
        ...process.env,
        HTTP_URL: bus.inside.gateway.urls.http,
        HOOKS: path.join(__dirname, 'hooks.py'),
        TOKEN: service(),
        TOKENS: tokens,
        // No cache beside the hooks.
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    await bus.stop();
  }
}

/** An array is taken whatever its messages are: a bad one is an ERROR in the answer. So nothing in it is wrong here. */
function described(): string {
  const file = path.resolve(__dirname, '../../docs/schema/openapi.json');
  const items = /"items": \{\s*"\$ref": "#\/components\/schemas\/(?:Channel|Agent)Publish"\s*\}/g;
  const text = readFileSync(file, 'utf8');
  if (text.match(items)?.length !== 2) throw new Error('The arrays of messages are not where they were');
  return text.replace(items, '"items": {}');
}

void main();
