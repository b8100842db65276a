/**
 * `npm run test:conformance:tls`: conformance suites over `wss://`, with the quotas of a new account. Without openssl it says so in one line
 * and passes. `-- PATTERN…` chooses other suites than those that suit CI.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate } from '../../gateway/index';

/** Suites that send one after another: of more than ten frames at once, a new account answers some with an error. */
const suites = ['hello', 'requests'];

const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-tls-'));
try {
  const files = makeCertificate(folder);
  if (files === undefined) console.log('No conformance over TLS: openssl is missing');
  else {
    const chosen = process.argv.length > 2 ? process.argv.slice(2) : suites;
    const patterns = chosen.map((name) => `test/conformance/${name}`);
    const { status } = spawnSync(process.execPath, [require.resolve('jest/bin/jest'), ...patterns], {
      stdio: 'inherit',
      env: { ...process.env, GATEWAY_TLS: folder, NODE_EXTRA_CA_CERTS: files.certificate },
    });
    process.exitCode = status ?? 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
