/**
 * `npm run revoke|unrevoke|block|kick -- --tenant T [--agent A]`: refuses tokens and ends connections, on a laptop gateway or,
 * with `--stack`, on a deployment. Prints one line.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { LambdaClientConfig } from '@aws-sdk/client-lambda';
import { repository, runCommand, userPath, UsageError } from './command';
import { readOutputs } from './outputs';

const usage = `Usage: npm run revoke -- --tenant TENANT [--agent AGENT [--jti ID]] [options]
       npm run block -- --tenant TENANT [--agent AGENT] [options]
       npm run unrevoke -- --tenant TENANT [--agent AGENT [--jti ID]] [options]
       npm run kick -- --tenant TENANT [--agent AGENT] [options]

  revoke    refuse the tokens that were issued until now, and end their connections
  block     refuse every token, also those that are issued later
  unrevoke  take back either of them
  kick      end connections; their tokens stay good

  --agent AGENT       one agent (default: the whole tenant)
  --jti ID            one token of the agent
  --issued-up-to TIME revoke: tokens issued until then, for example 2026-11-29T10:00:00Z (default: now)
  --stack NAME        of this deployed stack (default: of the laptop gateway)
  --outputs FILE      outputs of the deployment (default: cdk-outputs.json)
  --gateway URL       the laptop gateway (default: http://127.0.0.1:8787)`;

/** The function that carries out the order, and how to reach it. */
interface Target {
  readonly functionName: string;
  readonly client: LambdaClientConfig;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tenant: { type: 'string' },
      agent: { type: 'string' },
      jti: { type: 'string' },
      'issued-up-to': { type: 'string' },
      stack: { type: 'string' },
      outputs: { type: 'string' },
      gateway: { type: 'string', default: 'http://127.0.0.1:8787' },
      help: { type: 'boolean', default: false },
    },
  });
  const [action = '', ...rest] = positionals;
  if (values.help) {
    console.log(usage);
    return;
  }
  const { tenant, agent, jti, stack } = values;
  if (tenant === undefined || rest.length > 0) throw new UsageError('A tenant is needed; see --help.');
  const issuedUpTo = values['issued-up-to'];
  const order = {
    action,
    tenant_id: tenant,
    agent_id: agent,
    jti,
    issued_up_to: issuedUpTo === undefined ? undefined : timeOf(issuedUpTo),
  };
  const outputsFile =
    values.outputs === undefined ? path.join(repository, 'cdk-outputs.json') : userPath(values.outputs);
  const target = stack === undefined ? await onLaptop(values.gateway) : deployed(stack, outputsFile);
  const { closed } = await give(order, target);
  console.log(`${sentenceFor[action] ?? action} Connections closed: ${String(closed)}.`);
}

const sentenceFor: Readonly<Record<string, string>> = {
  revoke: 'Tokens issued until then are refused.',
  block: 'All tokens are refused until npm run unrevoke.',
  unrevoke: 'Tokens are good again.',
  kick: 'Tokens stay good.',
};

function timeOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`"${text}" is not a time such as 2026-11-29T10:00:00Z.`);
  return at;
}

async function onLaptop(gateway: string): Promise<Target> {
  const notThere = `No laptop gateway answers at ${gateway}; npm start runs one, --stack names a deployment.`;
  const response = await fetch(new URL('/_gateway/ready', gateway)).catch((error: unknown) => {
    throw new UsageError(notThere, { cause: error });
  });
  if (!response.ok) throw new UsageError(notThere);
  const { outputs } = (await response.json()) as { readonly outputs?: Readonly<Record<string, string>> };
  return {
    functionName: functionIn(outputs ?? {}, gateway),
    client: {
      endpoint: new URL('/_aws/lambda', gateway).href,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
  };
}

function deployed(stack: string, outputsFile: string): Target {
  return { functionName: functionIn(readOutputs(stack, outputsFile), stack), client: {} };
}

function functionIn(outputs: Readonly<Partial<Record<string, string>>>, where: string): string {
  const { RevokeFunctionName: name } = outputs;
  if (name === undefined) throw new UsageError(`${where} is of an earlier release: deploy it again.`);
  return name;
}

async function give(
  order: object,
  { functionName, client: config }: Target,
): Promise<{ readonly closed: number }> {
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  // The function has two minutes; a second attempt while it runs would only do the same work twice.
  const client = new LambdaClient({ maxAttempts: 1, requestHandler: { requestTimeout: 125_000 }, ...config });
  const invoke = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(order) });
  const { Payload: payload, FunctionError: failed } = await client.send(invoke).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The function of the deployment could not be called: ${message}`, { cause: error });
  });
  const answer = JSON.parse(payload?.transformToString() ?? '{}') as {
    readonly closed?: number;
    readonly errorMessage?: string;
  };
  if (failed !== undefined) throw new UsageError(answer.errorMessage ?? 'The function failed.');
  return { closed: answer.closed ?? 0 };
}

void runCommand(main);
