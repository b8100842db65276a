/**
 * `npm run --silent token -- --tenant T --agent A`: prints one token on stdout and nothing else.
 * Signed by this checkout's key, for laptop gateways, or with `--stack` by a deployment's key in KMS.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { tokenTerms, type Settings } from '../lib/settings/config';
import { readSettings } from '../lib/settings/read-settings';
import { createClaims, parseChannels, parseDuration } from '../tokens/claims';
import { signJwt, type Signer } from '../tokens/jwt';
import { createKmsSigner } from '../tokens/kms-signer';
import { createLocalSigner } from '../tokens/local-signer';
import { localKeyFile, repository, runCommand, userPath, UsageError } from './command';
import { readOutputs } from './outputs';

const usage = `Usage: npm run --silent token -- --tenant TENANT --agent AGENT [options]

  --channels LIST    channels, or prefixes ending in *, separated by commas (default: what the deployment grants)
  --expires-in TIME  90s, 30m, 1h or 7d (default: 1h)
  --config FILE      settings file (default: artcafe.config.json, if there is one)
  --stack NAME       sign for this deployed stack, with its key in KMS (default: for laptop gateways)
  --outputs FILE     outputs of the deployment (default: cdk-outputs.json)`;

/** The required claims of a token, and its signer. */
interface Mint {
  readonly issuer: string;
  readonly audience: string;
  readonly signer: Signer;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tenant: { type: 'string' },
      agent: { type: 'string' },
      channels: { type: 'string' },
      'expires-in': { type: 'string', default: '1h' },
      config: { type: 'string' },
      stack: { type: 'string' },
      outputs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const { tenant, agent, channels, stack } = values;
  if (tenant === undefined || agent === undefined) {
    throw new UsageError('A token needs --tenant and --agent; see --help.');
  }
  const expiresInSeconds = parseDuration(values['expires-in']);
  const grants = channels === undefined ? {} : { channels: parseChannels(channels) };
  const settings = readSettings({
    directory: repository,
    ...(values.config === undefined ? {} : { file: userPath(values.config) }),
  });
  const outputsFile =
    values.outputs === undefined ? path.join(repository, 'cdk-outputs.json') : userPath(values.outputs);
  const { issuer, audience, signer } =
    stack === undefined ? await localMint(settings) : await deployedMint(stack, outputsFile);
  const now = new Date();
  const names = settings.claims;
  const claims = createClaims({ issuer, audience, names, tenant, agent, ...grants, expiresInSeconds, now });
  process.stdout.write(`${await signJwt(claims, signer)}\n`);
}

async function localMint(settings: Settings): Promise<Mint> {
  const { issuer, audience } = tokenTerms(settings);
  if (settings.token !== 'built-in' || audience === null) throw tokensComeFrom(issuer);
  const { loadOrCreateKey } = await import('../gateway/index.js');
  return { issuer, audience, signer: createLocalSigner(loadOrCreateKey(localKeyFile)) };
}

async function deployedMint(stack: string, outputsFile: string): Promise<Mint> {
  const outputs = readOutputs(stack, outputsFile);
  const { TokenIssuer: issuer, TokenAudience: audience, TokenKeyArn: keyArn } = outputs;
  if (issuer === undefined || audience === undefined) {
    throw new UsageError(`The outputs of "${stack}" name no token issuer; deploy it again.`);
  }
  if (keyArn === undefined) throw tokensComeFrom(issuer);
  const signer = await describeKmsError('read the public key', () => createKmsSigner({ keyArn }));
  const sign: Signer['sign'] = (bytes) => describeKmsError('sign', () => signer.sign(bytes));
  return { issuer, audience, signer: { kid: signer.kid, sign } };
}

/** Errors of AWS (no credentials, no permission, another account) are for the operator to fix. */
async function describeKmsError<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && error.name !== 'TokenError') {
      throw new UsageError(`KMS did not ${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function tokensComeFrom(issuer: string): UsageError {
  return new UsageError(`Tokens come from ${issuer}: ask that issuer for one.`);
}

void runCommand(main);
