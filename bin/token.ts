/**
 * `npm run --silent token -- --tenant T --agent A`: prints one token on stdout and nothing else.
 * Signed by this checkout's key, for laptop gateways, or with `--stack` by a deployment's key in KMS.
 */
import { parseArgs } from 'node:util';
import { claimNames, tokenTerms, type Settings } from '../lib/settings/config';
import { readSettings } from '../lib/settings/read-settings';
import { createClaims, parseAgents, parseChannels, parseDuration } from '../tokens/claims';
import { signJwt } from '../tokens/jwt';
import { createLocalSigner } from '../tokens/local-signer';
import { localKeyFile, repository, runCommand, userPath } from './command';
import { readOutputs } from './deployment/outputs';
import { type Mint, mintOfStack, tokensComeFrom } from './mint';
import { UsageError } from './usage-error';

const usage = `Usage: npm run --silent token -- --tenant TENANT --agent AGENT [options]

  --channels LIST    channels, or prefixes ending in *, separated by commas (default: what the deployment grants);
                     with operations as in orders=publish+subscribe,news.*=history+presence+advertise
  --agents LIST      agents that it may send to, or prefixes ending in * (default: all of the tenant)
  --role ROLE        observer (only reads, for dashboards) or service (acts for its tenant); default: an agent
  --expires-in TIME  90s, 30m, 1h or 7d (default: 1h)
  --config FILE      settings file (default: artcafe.config.json, if there is one)
  --stack NAME       sign for this deployed stack, with its key in KMS (default: for laptop gateways)
  --bus NAME         the construct, where the stack is an app's own and has several
  --outputs FILE     outputs of the deployment (default: cdk-outputs.json, else CloudFormation)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tenant: { type: 'string' },
      agent: { type: 'string' },
      channels: { type: 'string' },
      agents: { type: 'string' },
      role: { type: 'string' },
      'expires-in': { type: 'string', default: '1h' },
      config: { type: 'string' },
      stack: { type: 'string' },
      bus: { type: 'string' },
      outputs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const { tenant, agent, channels, agents, role, stack } = values;
  if (tenant === undefined || agent === undefined) {
    throw new UsageError('A token needs --tenant and --agent; see --help.');
  }
  const expiresInSeconds = parseDuration(values['expires-in']);
  const grants = {
    ...(channels === undefined ? {} : { channels: parseChannels(channels) }),
    ...(agents === undefined ? {} : { agents: parseAgents(agents) }),
    ...(role === undefined ? {} : { role }),
  };
  const settings = readSettings({
    directory: repository,
    ...(values.config === undefined ? {} : { file: userPath(values.config) }),
  });
  const query = { directory: userPath('.'), file: values.outputs, bus: values.bus };
  const mint =
    stack === undefined
      ? await localMint(settings)
      : await mintOfStack(await readOutputs({ stack, ...query }), stack);
  // A deployment of an earlier release does not say how its claims are named.
  const { issuer, audience, signer, names = claimNames(settings) } = mint;
  const now = new Date();
  const claims = createClaims({ issuer, audience, names, tenant, agent, ...grants, expiresInSeconds, now });
  process.stdout.write(`${await signJwt(claims, signer)}\n`);
}

async function localMint(settings: Settings): Promise<Mint> {
  const { issuer, audience } = tokenTerms(settings);
  if (settings.token !== 'built-in' || audience === null) throw tokensComeFrom(issuer);
  const { loadOrCreateKey, numberedKeyFile } = await import('../gateway/index.js');
  const key = loadOrCreateKey(numberedKeyFile(localKeyFile, settings.tokenKey));
  return { issuer, audience, signer: createLocalSigner(key) };
}

void runCommand(main);
