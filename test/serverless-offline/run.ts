/**
 * `npm run suite serverless-offline`: runs the synthesized bundles on serverless-offline and the level 0 conformance suite
 * against them. Ends well when exactly those tests fail that differences.ts lists.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { startGateway } from '../../gateway/index';
import { assemblyFor } from '../helpers/assembly';
import { freePort, untilItAnswers } from '../helpers/processes';
import { differenceOf, differences, leftOut } from './differences';
import { writeService } from './service';

/** Both MIT. `osls` is the kept-up line of Serverless 3; Serverless 4 is no free software and wants an account. */
const packages = ['osls@4.3.1', 'serverless-offline@14.8.2'];
const startMs = 120_000;
/** A token takes a process of its own, and the emulator a good part of a second for a handshake. */
const testMs = 30_000;
/** The files of the suite whose rules hold without a sub-protocol, and that a stage can be asked about from outside. */
const levelZero = [
  'acks',
  'batches',
  'claims',
  'connect',
  'direct',
  'end',
  'errors',
  'many',
  'messages',
  'tokens',
];
const root = path.resolve(__dirname, '../..');

interface Result {
  title: string;
  status: string;
  failureMessages: string[];
}

async function main(): Promise<number> {
  const modules = installed();
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-serverless-'));
  symlinkSync(path.join(modules, 'node_modules'), path.join(folder, 'node_modules'));
  const assembly = await assemblyFor();
  const keyFile = path.join(folder, 'key.pem');
  // The emulator has neither tables nor a signing key: those of the laptop gateway serve.
  const gateway = await startGateway({ assembly, keyFile });
  const ports = { http: await freePort(), webSocket: await freePort(), lambda: await freePort() };
  writeService(folder, assembly, ports, { ...gateway.endpoints, authority: '' });
  const emulator = spawn(
    process.execPath,
    [path.join(folder, 'node_modules/osls/bin/serverless.js'), 'offline'],
    {
      cwd: folder,
      env: { ...process.env, SLS_NOTIFICATIONS_MODE: 'off', SLS_TELEMETRY_DISABLED: '1' },
      stdio: [
        'ignore',
        process.env.VERBOSE ? 'inherit' : 'ignore',
        process.env.VERBOSE ? 'inherit' : 'ignore',
      ],
    },
  );
  try {
    await untilItAnswers(`http://127.0.0.1:${ports.webSocket}`, emulator, startMs);
    const { TokenIssuer = '', TokenAudience = '' } = gateway.outputs;
    const mint = path.join(__dirname, 'token.cjs');
    const results = await conformance(folder, `ws://127.0.0.1:${ports.webSocket}`, [
      process.execPath,
      mint,
      keyFile,
      TokenIssuer,
      TokenAudience,
    ]);
    return report(results);
  } finally {
    emulator.kill();
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Folder with the two packages, in the user's cache: they weigh 136 MB and are no part of the project. */
function installed(): string {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'artcafe-pubsub');
  const folder = path.join(cache, packages.join('-'));
  if (!existsSync(path.join(folder, 'node_modules/.package-lock.json'))) {
    console.log(`Installing ${packages.join(' and ')} (136 MB, once) into ${folder}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
    const flags = ['--save-exact', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', ...flags, ...packages], { cwd: folder, stdio: 'inherit' });
  }
  return folder;
}

async function conformance(folder: string, url: string, tokenCommand: string[]): Promise<Result[]> {
  const file = path.join(folder, 'results.json');
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const suite: ChildProcess = spawn(
    process.execPath,
    [
      jest,
      ...levelZero.map((name) => `test/conformance/${name}.test`),
      '--testNamePattern',
      `^(?!.*(?:${leftOut.join('|')}))`,
      '--json',
      '--outputFile',
      file,
      '--silent',
      '--forceExit',
      '--maxWorkers',
      '1',
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        TARGET_URL: url,
        TARGET_TIMEOUT_MS: String(testMs),
        TARGET_EDGE_URL: `${url}/v1`,
        TARGET_TOKEN_COMMAND: tokenCommand.map((word) => `'${word}'`).join(' '),
      },
      stdio: ['ignore', 'ignore', process.env.VERBOSE ? 'inherit' : 'ignore'],
    },
  );
  await new Promise((resolve, reject) => {
    suite.on('error', reject);
    suite.on('exit', resolve);
  });
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as {
    testResults: { assertionResults: Result[] }[];
  };
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

/** 0 when exactly the listed tests fail. */
function report(results: Result[]): number {
  const failed = results.filter(({ status }) => status === 'failed');
  const passed = results.filter(({ status }) => status === 'passed');
  const surprises = failed.filter(({ title }) => differenceOf(title) === undefined);
  const outdated = passed.filter(({ title }) => differenceOf(title) !== undefined);
  for (const { reason } of differences) {
    const titles = failed.filter(({ title }) => differenceOf(title)?.reason === reason);
    console.log(`\n${reason}`);
    for (const { title } of titles) console.log(`  differs: ${title}`);
  }
  for (const { title, failureMessages } of surprises) {
    console.log(`\nFAILED, and not listed: ${title}\n${failureMessages.join('\n').slice(0, 1_500)}`);
  }
  for (const { title } of outdated) console.log(`\nPASSED, though listed as different: ${title}`);
  const unasked = results.length - failed.length - passed.length;
  console.log(
    `\n${passed.length} passed, ${failed.length - surprises.length} differ as listed, ${surprises.length} failed, ` +
      `${unasked} left out: they need the laptop gateway, or are listed as left out`,
  );
  return surprises.length + outdated.length === 0 && passed.length > 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
