/**
 * A foreign app from the packed construct: `npm run suite construct`. Its types, a synthesis without esbuild, and the bus on the
 * laptop gateway. And what `publint` says of the tarball. The toolkit is linked from here, so that the suite needs no registry.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';
import { synthesize } from '../../bin/synthesis/synthesize';
import { toolkitOf } from '../../cli/deployment/toolkit';
import { startGateway } from '../../gateway/index';
import { createClaims } from '../../tokens/claims';
import { signJwt } from '../../tokens/jwt';
import { createLocalSigner } from '../../tokens/local-signer';
import { runSuite, scratchFolder, type Scratch } from './scratch';

const root = path.resolve(__dirname, '../..');
const modules = path.join(root, 'node_modules');

const foreignApp = `
import { ArtCafePubSub } from '@artcafe/pubsub-cdk';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';

const app = new App({ outdir: 'out' });
const stack = new Stack(app, 'Fleet');
const bus = new ArtCafePubSub(stack, 'Bus', { retentionHours: 1, edge: false });
new CfnOutput(stack, 'Url', { value: bus.baseUrl });
app.synth();
// @ts-expect-error -- it is a type, and not any
new ArtCafePubSub(stack, 'Wrong', { retentionHours: '1' });
`;
/** The last line is for the compiler only. */
const runnableApp = foreignApp.slice(0, foreignApp.indexOf('// @ts-expect-error'));
/** Ends the app when something wants to bundle. */
const withoutEsbuild = `
const Module = require('node:module');
const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => {
  if (/^esbuild/.test(name)) throw new Error('The synthesis asks for ' + name);
  return resolve(name, ...rest);
};
process.env.PATH = '';
`;

async function main(): Promise<void> {
  const scratch = scratchFolder();
  try {
    install(scratch);
    synthesizeForeign(scratch);
    console.log('synthesis without esbuild: good');
    await publish(scratch);
    console.log('the bus of the foreign app on the laptop gateway: good');
    compile(scratch);
    console.log('types: good');
    await deployable(scratch);
    console.log('the app of artcafe deploy, with the template of the checkout: good');
  } finally {
    scratch.remove();
  }
}

function install(scratch: Scratch): void {
  const output = scratch.run(
    'npm',
    '--prefix',
    root,
    'run',
    '--silent',
    'pack:construct',
    '--',
    '--out',
    scratch.folder,
  );
  const tarball = output.trim().split('\n').at(-1) ?? '';
  const said = scratch.run(process.execPath, path.join(modules, 'publint/src/cli.js'), tarball, '--strict');
  if (!said.includes('All good!')) throw new Error(said);
  console.log('publint: good');
  const scope = path.join(scratch.folder, 'node_modules/@artcafe/pubsub-cdk');
  mkdirSync(scope, { recursive: true });
  scratch.run('tar', '-xzf', tarball, '-C', scope, '--strip-components=1');
  for (const name of ['aws-cdk', 'aws-cdk-lib', 'constructs', 'valibot'])
    symlinkSync(path.join(modules, name), path.join(scratch.folder, 'node_modules', name));
}

function synthesizeForeign(scratch: Scratch): void {
  const typescript = JSON.stringify(path.join(modules, 'esbuild'));
  scratch.run(
    process.execPath,
    '--eval',
    `const { code } = require(${typescript}).transformSync(${JSON.stringify(runnableApp)}, { loader: 'ts', format: 'cjs' });
     require('node:fs').writeFileSync('app.js', code);`,
  );
  scratch.write('without-esbuild.cjs', withoutEsbuild);
  scratch.run(process.execPath, '--require', './without-esbuild.cjs', 'app.js');
}

async function publish(scratch: Scratch): Promise<void> {
  const keyFile = path.join(scratch.folder, 'key.pem');
  const gateway = await startGateway({ assembly: path.join(scratch.folder, 'out'), keyFile });
  try {
    const { BusTokenIssuer: issuer = '', BusTokenAudience: audience = '', Url: url = '' } = gateway.outputs;
    if (!url.startsWith('wss://')) throw new Error(`The app's own output is ${url}`);
    const claims = createClaims({
      ...{ issuer, audience, tenant: 'acme', agent: 'one', expiresInSeconds: 60, now: new Date() },
      names: JSON.parse(gateway.outputs.BusTokenClaims ?? '{}') as Parameters<
        typeof createClaims
      >[0]['names'],
    });
    const token = await signJwt(claims, createLocalSigner(createPrivateKey(readFileSync(keyFile))));
    const answer = await answerTo(`${gateway.urls.base}/ws?channel_id=lobby&token=${token}`, {
      ...{ id: 'm-1', type: 'message', content: { hello: 'world' } },
    });
    if (answer.type !== 'ACK' || answer.message_id !== 'm-1') throw new Error(JSON.stringify(answer));
  } finally {
    await gateway.stop();
  }
}

function answerTo(url: string, frame: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('error', reject);
    socket.on('open', () => {
      socket.send(JSON.stringify(frame));
    });
    socket.on('message', (data: Buffer) => {
      const received = JSON.parse(data.toString()) as Record<string, unknown>;
      if (received.type !== 'ACK' && received.type !== 'ERROR') return;
      socket.close();
      resolve(received);
    });
  });
}

function compile(scratch: Scratch): void {
  scratch.write('app.ts', foreignApp);
  const compilerOptions = {
    ...{ noEmit: true, strict: true, target: 'es2022', module: 'node16', skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [path.join(modules, '@types')] },
  };
  scratch.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['app.ts'] }));
  scratch.run(process.execPath, path.join(modules, 'typescript/bin/tsc'), '-p', 'tsconfig.json');
}

/** `artcafe deploy` in a folder with the packages. */
async function deployable(scratch: Scratch): Promise<void> {
  const toolkit = toolkitOf(scratch.folder, 'The test');
  const args = ['synth', '--quiet', '--output', 'own', '--context', 'retentionHours=1'];
  if ((await toolkit.run(args, { isOffline: true })) !== 0) throw new Error('The app does not synthesize');
  const settings = path.join(scratch.folder, 'settings.json');
  writeFileSync(settings, '{"retentionHours":1}');
  const checkout = path.join(scratch.folder, 'checkout');
  await synthesize(checkout, settings);
  const [own, expected] = [path.join(scratch.folder, 'own'), checkout].map(templateIn);
  if (own !== expected) throw new Error('The template differs from that of the checkout');
}

/** Without how the code of the functions was made. */
function templateIn(assembly: string): string {
  const text = readFileSync(path.join(assembly, 'ArtCafePubSub.template.json'), 'utf8');
  return text
    .split('\n')
    .filter((line) => !line.includes('"aws:asset:'))
    .join('\n');
}

void runSuite(main);
