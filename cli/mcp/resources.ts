/** The resources of the MCP server, the inbox and channels, and what is said when mail arrives. */
import type { PubSub, Subscription } from '@artcafe/pubsub';
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { wireForm } from '../output/printer';
import { warning } from './answers';
import { newest } from './tools';

const inboxUri = 'artcafe://inbox';
const channelUri = /^artcafe:\/\/channels\/([\w.:-]{1,128})$/;
const shown = 50;
const mimeType = 'application/json';

/** Names of the channels of the tenant, as far as they can be listed. */
export type ListChannels = () => Promise<readonly string[]>;

export async function addResources(
  server: McpServer,
  bus: PubSub,
  listChannels: ListChannels,
): Promise<void> {
  server.registerResource(
    'inbox',
    inboxUri,
    { description: `The ${shown} newest direct messages to you. ${warning}`, mimeType },
    async (uri) => contents(uri, await newest(bus.inbox, shown)),
  );
  const list = async () => ({
    resources: (await listChannels()).map((name) => ({ name, uri: `artcafe://channels/${name}`, mimeType })),
  });
  server.registerResource(
    'channel',
    new ResourceTemplate('artcafe://channels/{channel}', { list }),
    { description: `The ${shown} newest messages of a channel. ${warning}`, mimeType },
    async (uri, { channel }) => contents(uri, await newest(bus.channel(String(channel)), shown)),
  );
  addSubscriptions(server, bus);
  await announceMail(server, bus);
}

function contents(uri: URL, messages: Awaited<ReturnType<typeof newest>>) {
  const text = JSON.stringify({ untrusted: true, warning, messages: messages.map(wireForm) });
  return { contents: [{ uri: uri.href, mimeType, text }] };
}

/** A client that has subscribed to a channel is notified of each message there, and reads the resource when it wants to. */
function addSubscriptions({ server }: McpServer, bus: PubSub): void {
  const subscriptions = new Map<string, Promise<Subscription>>();
  server.setRequestHandler(SubscribeRequestSchema, async ({ params: { uri } }) => {
    const [, channel] = channelUri.exec(uri) ?? [];
    if (channel === undefined) return {};
    const subscription =
      subscriptions.get(uri) ?? bus.channel(channel).subscribe(() => server.sendResourceUpdated({ uri }));
    subscriptions.set(uri, subscription);
    await subscription;
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, async ({ params: { uri } }) => {
    (await subscriptions.get(uri))?.unsubscribe();
    subscriptions.delete(uri);
    return {};
  });
}

/** Without its content, which belongs into the result of a tool that a model has called. */
async function announceMail({ server }: McpServer, bus: PubSub): Promise<void> {
  await bus.inbox.subscribe(async ({ id, agentId, type, expectsReply, sequence }) => {
    const data = { event: 'mail', id, from: agentId, type, expects_reply: expectsReply, sequence };
    await server.sendLoggingMessage({ level: 'info', logger: 'artcafe', data });
    await server.sendResourceUpdated({ uri: inboxUri });
  });
}
