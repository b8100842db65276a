/** All commands, their options and their help. Nothing runs before the whole line is understood. */
import { Command } from 'commander';
import { version } from './package.json';
import { addDeploy, addDestroy } from './deployment/deploy';
import { addConsole } from './operate/console';
import { addCost } from './operate/cost';
import { addErase } from './operate/erase';
import { addOrders } from './operate/orders';
import { addDoctor } from './operate/doctor';
import { addStart } from './operate/start';
import { addToken } from './operate/token';
import { addVerify } from './operate/verify';
import { addMcp } from './mcp/command';
import { addAgents } from './messages/agents';
import { addChannels } from './messages/channels';
import { addExplain } from './messages/explain';
import { addHistory } from './messages/history';
import { addPublish } from './messages/publish';
import { addRequest } from './messages/request';
import { addSubscribe } from './messages/subscribe';
import { addTail } from './messages/tail';
import type { Io } from './output/io';

/** Adds one command to the program. */
export type AddCommand = (program: Command, io: Io) => void;

const commands: readonly AddCommand[] = [
  addStart,
  addDeploy,
  addVerify,
  addDestroy,
  addDoctor,
  addConsole,
  addToken,
  addPublish,
  addSubscribe,
  addRequest,
  addHistory,
  addAgents,
  addChannels,
  addTail,
  addExplain,
  addOrders,
  addErase,
  addCost,
  addMcp,
];

const after = `
Contexts: commands go to the laptop gateway (artcafe start) unless --context names a deployed stack.
Environment: ARTCAFE_CONTEXT, ARTCAFE_URL, ARTCAFE_OUTPUTS and ARTCAFE_TOKEN stand for the options of these names.
Exit codes: 0 done, 1 failed, 2 wrong use, 3 bus not reached, 4 token refused, 5 nobody answered, 130 Ctrl-C.

Examples:
  $ artcafe start
  $ artcafe subscribe lobby --agent bob --inbox
  $ artcafe publish lobby '{"hello":"world"}' --agent alice`;

export function programFor(io: Io): Command {
  const program = new Command('artcafe')
    .description(
      'A realtime message bus for software agents: runs it on this machine, deploys it, talks to it.',
    )
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: io.write,
      writeErr: io.complain,
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
      getOutHasColors: () => io.isTerminal,
      getErrHasColors: () => io.isTerminal,
    })
    .showHelpAfterError('Try --help.')
    .addHelpText('after', after);
  for (const add of commands) add(program, io);
  return program;
}
