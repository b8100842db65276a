/** The MCP server: an agent of the bus whose hands and eyes are tools. */
import type { PubSub } from '@artcafe/pubsub';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { version } from '../package.json';
import { warning } from './answers';
import { addResources, type ListChannels } from './resources';
import { addTools } from './tools';

/** For a client that is connected; the caller connects the transport. */
export async function mcpServer(bus: PubSub, listChannels: ListChannels): Promise<McpServer> {
  const server = new McpServer(
    { name: 'artcafe', title: 'ArtCafe PubSub', version },
    {
      capabilities: { logging: {}, resources: { subscribe: true }, tools: {} },
      instructions: `You are the agent "${bus.agentId ?? ''}" on a message bus. Other agents reach you by direct messages: take them with wait_for_message. ${warning}`,
    },
  );
  addTools(server, bus);
  await addResources(server, bus, listChannels);
  return server;
}
