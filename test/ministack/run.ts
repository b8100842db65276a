/**
 * `npm run suite ministack`: a foreign engine deploys the stack. MiniStack (PyPI, no Docker) emulates CloudFormation: `cdk bootstrap`,
 * a deployment, an update that replaces nothing, a second deployment beside it, and their removal, which leaves what the settings
 * retain. Without Python or the packages it says so in one line and passes. docs/on-aws.md lists what it cannot emulate.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import '../../bin/command';
import { cdk, clientOptions, token } from './commands';
import { installed, startMiniStack } from './server';

type Settings = Readonly<Record<string, unknown>>;

/** Without the edge, which needs CloudFront, and without alarms over several metrics, which MiniStack refuses. */
const first = { edge: false, monitoring: false };
const changed = { ...first, connectionLimit: 7 };
const second = { ...first, deployment: 'blue', removalPolicy: 'retain' };

async function main(): Promise<void> {
  const python = installed();
  if (python === undefined) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-ministack-'));
  const server = await startMiniStack(python);
  try {
    await run(server.url, folder);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(url: string, folder: string): Promise<void> {
  const stacks = new CloudFormationClient(clientOptions(url));
  const database = new DynamoDBClient(clientOptions(url));
  const assembly = assemblies(folder);
  cdk(url, 'bootstrap', '--app', assembly(first), 'aws://000000000000/us-east-1');
  const outputsFile = path.join(folder, 'outputs.json');
  const deploy = (settings: Settings) => {
    const options = ['--require-approval', 'never', '--outputs-file', outputsFile];
    cdk(url, 'deploy', '--app', assembly(settings), ...options);
  };

  deploy(first);
  const made = await resourcesOf(stacks, 'ArtCafePubSub');
  console.log(`deployed: ${made.size} resources`);
  equal(token(url, 'ArtCafePubSub').split('.').length, 3);
  console.log('a token from the outputs of CloudFormation, signed by KMS: good');

  deploy(changed);
  deepEqual(await resourcesOf(stacks, 'ArtCafePubSub'), made);
  console.log('updated with a changed setting: nothing is replaced');

  deploy(second);
  const outputs = JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
  deepEqual(Object.keys(outputs), ['ArtCafePubSub-blue']);
  deepEqual(await resourcesOf(stacks, 'ArtCafePubSub'), made);
  equal((await tablesIn(database)).length, 6);
  console.log('a second deployment beside it: good');

  cdk(url, 'destroy', '--app', assembly(first), '--force');
  cdk(url, 'destroy', '--app', assembly(second), '--force');
  deepEqual(await tablesIn(database), tablesOf(outputs['ArtCafePubSub-blue'] ?? {}));
  console.log('destroyed: the tables of the deployment with `removalPolicy: retain` are left, and no others');
}

/** An assembly per settings; `destroy` and `bootstrap` take those of `deploy`. */
function assemblies(folder: string): (settings: Settings) => string {
  const made = new Map<Settings, string>();
  return (settings) => {
    const known = made.get(settings);
    if (known !== undefined) return known;
    const out = path.join(folder, `out-${made.size}`);
    const file = `${out}.json`;
    writeFileSync(file, JSON.stringify(settings));
    cdk(undefined, 'synth', '--quiet', '--output', out, '--context', `config=${file}`);
    made.set(settings, out);
    return out;
  };
}

/** Logical id → physical id. */
async function resourcesOf(client: CloudFormationClient, stack: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const page of paginateListStackResources({ client }, { StackName: stack })) {
    for (const { LogicalResourceId: logical, PhysicalResourceId: physical } of page.StackResourceSummaries ??
      [])
      found.set(logical ?? '', physical ?? '');
  }
  return found;
}

async function tablesIn(client: DynamoDBClient): Promise<string[]> {
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) names.push(...TableNames);
  return names.sort();
}

function tablesOf({ ConnectionTableName, AgentTableName, MessageTableName }: Record<string, string>) {
  return [ConnectionTableName, AgentTableName, MessageTableName].sort();
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
