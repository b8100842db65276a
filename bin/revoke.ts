/**
 * `npm run revoke|unrevoke|block|kick -- --tenant T [--agent A]`: refuses tokens and ends connections, on a laptop gateway or,
 * with `--stack`, on a deployment. Prints one line.
 */
import { parseArgs } from 'node:util';
import { runCommand } from './command';
import { readOutputs } from './deployment/outputs';
import { closedSentence, functionOfLaptop, functionOfStack, giveOrder, timeOf } from './revocation';
import { UsageError } from './usage-error';

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
  --bus NAME          the construct, where the stack is an app's own and has several
  --outputs FILE      outputs of the deployment (default: cdk-outputs.json, else CloudFormation)
  --gateway URL       the laptop gateway (default: http://127.0.0.1:8787)`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tenant: { type: 'string' },
      agent: { type: 'string' },
      jti: { type: 'string' },
      'issued-up-to': { type: 'string' },
      stack: { type: 'string' },
      bus: { type: 'string' },
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
  const query = { file: values.outputs, bus: values.bus };
  const target =
    stack === undefined
      ? await functionOfLaptop(values.gateway)
      : functionOfStack(await readOutputs({ stack, ...query }), stack);
  console.log(closedSentence(action, await giveOrder(order, target)));
}

void runCommand(main);
