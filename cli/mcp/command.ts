/** `artcafe mcp`: an MCP server over standard input and output. */
import type { Command } from 'commander';
import { type Who, withClient } from '../context/client';
import { examples, whoOptions } from '../options';
import type { Io } from '../output/io';

interface Options extends Who {
  readonly capabilities?: string;
}

export function addMcp(program: Command, io: Io): void {
  const command = program
    .command('mcp')
    .description('give a model the bus as tools: an MCP server over standard input and output')
    .option('--capabilities <list>', 'what other agents find this one by, separated by commas');
  examples(
    whoOptions(command),
    'artcafe mcp --agent claude',
    'artcafe mcp --context ArtCafePubSub --tenant acme --agent planner --capabilities plan,review',
  ).action((options: Options) => mcp(options, io));
}

async function mcp(options: Options, io: Io): Promise<void> {
  const [{ StdioServerTransport }, { mcpServer }, { channelNames }] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/stdio.js'),
    import('./server.js'),
    import('../context/http-api.js'),
  ]);
  const capabilities = options.capabilities?.split(',').map((word) => word.trim());
  await withClient(
    options,
    io,
    async (bus) => {
      const server = await mcpServer(bus, () => channelNames(options, io));
      const closed = new Promise<void>((resolve) => {
        server.server.onclose = resolve;
        io.input.once('end', resolve);
        io.interrupted.addEventListener('abort', () => {
          resolve();
        });
      });
      await server.connect(new StdioServerTransport());
      await closed;
      await server.close();
    },
    // Requests come as messages: a model answers them with send, nothing answers "no handler" in its place.
    { observer: true, ...(capabilities !== undefined && { presence: { capabilities } }) },
  );
}
