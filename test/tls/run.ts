/**
 * `npm run suite conformance:tls`: the rules of the protocol and of the HTTP API over TLS, with the quotas of a new account. Without openssl it
 * says so in one line and passes. `-- PATTERN…` chooses suites. All of them make sense here: clients take turns (turns.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate } from '../../gateway/index';

const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-tls-'));
try {
  const files = makeCertificate(folder);
  if (files === undefined) console.log('No conformance over TLS: openssl is missing');
  else {
    const chosen = process.argv.length > 2 ? process.argv.slice(2) : [''];
    const patterns = chosen.map((name) => `test/(conformance|http)/${name}`);
    const { status } = spawnSync(process.execPath, [require.resolve('jest/bin/jest'), ...patterns], {
      stdio: 'inherit',
      env: { ...process.env, GATEWAY_TLS: folder, NODE_EXTRA_CA_CERTS: files.certificate },
    });
    process.exitCode = status ?? 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
