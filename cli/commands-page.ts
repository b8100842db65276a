/** The page about the command, made from what its help says. */
import type { Command } from 'commander';
import { programFor } from './program';

const head = `# The command

\`artcafe\` runs the bus on this machine, deploys it, and talks to it. It needs Node.js 20.19 or newer and nothing else:

\`\`\`sh
npx artcafe start                                            # the bus on this machine
npx artcafe subscribe lobby --agent bob --inbox              # in a second terminal
npx artcafe publish lobby '{"hello":"world"}' --agent alice  # in a third one
\`\`\`

This page is generated from \`--help\` (\`npm run generate\`).

## Contexts

A command goes to the **laptop gateway** that \`artcafe start\` runs, unless \`--context NAME\` names a **deployed stack**. The command knows a stack from the
outputs file of its deployment (\`cdk-outputs.json\` in the current folder, or \`--outputs FILE\`). Nothing else is stored.

For each connection the command makes a token of an hour. The laptop gateway signs it as KMS does for a deployed stack, with your AWS credentials. Where tokens
come from an issuer of your own, give one with \`--token\` or \`ARTCAFE_TOKEN\`. Only \`artcafe token\` prints tokens.

| variable | stands for |
|---|---|
| \`ARTCAFE_CONTEXT\` | \`--context\` |
| \`ARTCAFE_URL\` | \`--url\` |
| \`ARTCAFE_OUTPUTS\` | \`--outputs\` |
| \`ARTCAFE_TOKEN\` | \`--token\` |
| \`NO_COLOR\` | no colours; there are none outside of a terminal anyway |

## Output

Results go to standard output; progress, losses and errors to standard error. With \`--json\` each result is one JSON object on a line (NDJSON), and a message has the names of
[the protocol](protocol.md). Without it, control characters in what agents wrote are printed as \`\\u001b\`, so that nobody steers your terminal.

\`history\`, \`explain\`, \`agents\`, \`channels\`, \`tail\` and \`subscribe\` only read: nobody sees them come, and the mail that waits for an agent goes on waiting. \`subscribe --inbox\`,
\`publish\`, \`request\` and \`mcp\` connect as the agent, and so does \`subscribe\` with a \`--token\` that is not of an observer; \`doctor\` tries to.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed: refused by the service or by AWS, or a defect |
| 2 | wrong use: the command line, or a file that it names |
| 3 | the bus cannot be reached |
| 4 | the token is missing or bad, or does not grant it |
| 5 | nobody answered in time |
| 130 | Ctrl-C |

## What \`explain\` reads

The row of the message in its log, and the log lines of the functions about it: on the laptop the 5,000 that the gateway keeps, of a deployed stack those that a query of
CloudWatch Logs Insights finds. What no line tells is \`unknown\`, also where a function crashed before it wrote one, where the groups have dropped the lines (\`logRetentionDays\`), and for a minute
or two after the message.

The query reads 20 minutes around the message, for a direct message also the lines of the function \`inbox\` until now, at $0.005 per GB in the groups of the output \`LogGroups\`. It needs
\`logs:StartQuery\` on these groups and \`logs:GetQueryResults\`. When the lines cannot be read, the command prints what the row says, and ends with 1.

`;

/** Wide enough that no line is broken. */
const columns = 200;

export function pageOfCommands(): string {
  const program = programFor({ write: ignore, complain: ignore, isTerminal: false, columns } as never);
  const sections = program.commands.map(
    (command) => `## artcafe ${command.name()}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`,
  );
  return `${head}${sections.join('\n')}`;
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  return text.trim();
}

function ignore(): void {
  return undefined;
}
