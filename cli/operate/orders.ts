/** `artcafe revoke`, `block`, `unrevoke`, `kick`: refuse tokens and end connections, on the laptop or on a deployed stack. */
import type { Command } from 'commander';
import {
  closedSentence,
  functionOfLaptop,
  functionOfStack,
  giveOrder,
  type Target,
  timeOf,
} from '../../bin/revocation';
import { type Context, contextOf, originOf, type Location } from '../context/context';
import { examples, placeOptions } from '../options';
import type { Io } from '../output/io';
import { Printer } from '../output/printer';

interface Options extends Location {
  readonly tenant: string;
  readonly agent?: string;
  readonly jti?: string;
  readonly issuedUpTo?: string;
  readonly json?: boolean;
}

const orders = {
  revoke: 'refuse the tokens that were issued until now, and end their connections',
  block: 'refuse every token, also those that are issued later, and end connections',
  unrevoke: 'take back a revoke or a block',
  kick: 'end connections; their tokens stay good',
} as const;

export function addOrders(program: Command, io: Io): void {
  for (const [name, description] of Object.entries(orders)) {
    const command = program
      .command(name)
      .description(description)
      .requiredOption('--tenant <tenant>', 'tenant of the connections')
      .option('--agent <agent>', 'one agent (default: the whole tenant)')
      .option('--json', 'the outcome as JSON');
    if (name === 'revoke' || name === 'unrevoke') command.option('--jti <id>', 'one token of the agent');
    if (name === 'revoke')
      command.option(
        '--issued-up-to <time>',
        'tokens issued until then, such as 2026-11-29T10:00:00Z (default: now)',
      );
    examples(placeOptions(command), `artcafe ${name} --tenant demo --agent mallory`).action(
      (options: Options) => order(name, options, io),
    );
  }
}

async function order(action: string, options: Options, io: Io): Promise<void> {
  const { tenant, agent, jti, issuedUpTo } = options;
  const context = await contextOf(options, io);
  const wish = {
    action,
    tenant_id: tenant,
    agent_id: agent,
    jti,
    issued_up_to: issuedUpTo === undefined ? undefined : timeOf(issuedUpTo),
  };
  const { closed } = await giveOrder<{ readonly closed: number }>(wish, await targetOf(context));
  new Printer(io, options.json ?? false).result({ action, closed }, closedSentence(action, closed));
}

/** The function that carries out orders. */
export async function targetOf(context: Context): Promise<Target> {
  const outputs = await context.outputs();
  return context.isLaptop
    ? functionOfLaptop(outputs, originOf(context.url))
    : functionOfStack(outputs, context.name);
}
