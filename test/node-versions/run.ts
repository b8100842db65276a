/**
 * The tests of the client on Node 20, 22 and 24: `npm run test:node-versions`. The Node that runs this has passed them in
 * `npm test`; the others come from npm, 120 MB each. From Node 22 on also the client on Node's own WebSocket. Takes two to three
 * minutes on two cores. A version that can't be installed is skipped with a line that says so.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { scratchFolder } from '../package/scratch';

const root = path.resolve(__dirname, '../..');
const versions = [
  { major: 20, package: '20.20.2' },
  { major: 22, package: '22.23.5' },
  { major: 24, package: '24.22.3' },
] as const;
const withOwnWebSocket = 22;
const current = Number(process.versions.node.split('.')[0]);

function main(): void {
  for (const { major, package: version } of versions) {
    if (major === current) test(major, process.execPath, false);
    else testInstalled(major, version);
  }
}

/** The package holds nothing but the program, and needs no install script. */
function testInstalled(major: number, version: string): void {
  const name = `node-${process.platform}-${process.arch}`;
  const scratch = scratchFolder();
  try {
    if (scratch.install(`${name}@${version}`))
      test(major, path.join(scratch.folder, 'node_modules', name, 'bin/node'), true);
    else console.log(`Node ${major}: skipped, it could not be installed`);
  } finally {
    scratch.remove();
  }
}

function test(major: number, node: string, withSuite: boolean): void {
  if (withSuite) jest(node, 'test/client');
  if (major >= withOwnWebSocket) jest(node, '--testMatch', '**/test/node-versions/*.slow.ts');
  console.log(`Node ${major}: good`);
}

function jest(node: string, ...args: readonly string[]): void {
  const script = path.join(root, 'node_modules/jest/bin/jest.js');
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` };
  const { status } = spawnSync(node, [script, ...args], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`Failed with ${node}`);
}

main();
