/** `artcafe token`: prints one token on standard output and nothing else. The only command that prints tokens. */
import type { Command } from 'commander';
import { contextOf, type Location } from '../context/context';
import { mintToken, type TokenWishes } from '../context/tokens';
import { examples, placeOptions, roleOption } from '../options';
import type { Io } from '../output/io';

export function addToken(program: Command, io: Io): void {
  const command = program
    .command('token')
    .description('print a token, signed by the laptop gateway or by the key of the stack in KMS')
    .option('--tenant <tenant>', 'tenant of the token', 'demo')
    .requiredOption('--agent <agent>', 'agent of the token')
    .option(
      '--channels <list>',
      'channels, or prefixes ending in *, separated by commas (default: what the deployment grants)',
    )
    .option(
      '--agents <list>',
      'agents that it may send to, or prefixes ending in * (default: all of the tenant)',
    )
    .option('--expires-in <time>', '90s, 30m, 1h or 7d', '1h')
    .addOption(roleOption());
  examples(
    placeOptions(command),
    'artcafe token --tenant demo --agent alice',
    'artcafe token --tenant demo --agent page --role observer --expires-in 8h',
    'artcafe token --context ArtCafePubSub --tenant acme --agent crawler --channels "orders,news.*"',
  ).action(async (options: Location & TokenWishes) => {
    io.write(`${await mintToken(await contextOf(options, io), options)}\n`);
  });
}
