/** The tools of the MCP server. */
import type { AgentPresence, Message, PublishOptions, PubSub, Receipt } from '@artcafe/pubsub';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { answer, messagesAnswer, orRefusal, untrusted } from './answers';
import { Mailbox } from './mailbox';

const agent = z.string().min(1).max(128).describe('Name of an agent');
const channel = z
  .string()
  .regex(/^[\w.:-]{1,128}$/)
  .describe('Name of a channel');
const content = z.unknown().describe('Any JSON value');
const id = z
  .string()
  .min(1)
  .max(128)
  .optional()
  .describe(
    'Give the same id when you repeat a call, so that the receiver recognizes it; default: a random one',
  );
const limit = z.number().int().min(1).max(200).default(20).describe('At most this many messages');
const seconds = z.number().min(0).max(600);
const reads = { readOnlyHint: true, openWorldHint: true };
const writes = { readOnlyHint: false, destructiveHint: false, openWorldHint: true };

export function addTools(server: McpServer, bus: PubSub): void {
  addWriting(server, bus);
  addReading(server, bus);
  addWaiting(server, bus);
}

function addWriting(server: McpServer, bus: PubSub): void {
  server.registerTool(
    'send',
    {
      description:
        'Send a direct message to an agent. It waits in the inbox of an agent that is not connected (status "stored"). Answer a request with in_reply_to.',
      inputSchema: {
        to: agent,
        content,
        id,
        in_reply_to: z.string().optional().describe('id of the request that this answers'),
      },
      annotations: writes,
    },
    ({ to, content: text, id: given, in_reply_to: inReplyTo }) =>
      orRefusal(async () => {
        const reply = inReplyTo === undefined ? {} : { type: 'reply', inReplyTo, correlationId: inReplyTo };
        return receiptAnswer(await bus.agent(to).send(text ?? null, { ...withId(given), ...reply }));
      }),
  );
  server.registerTool(
    'publish',
    {
      description:
        'Publish a message to a channel: everybody who is subscribed gets it, and it stays in the history.',
      inputSchema: { channel, content, id },
      annotations: writes,
    },
    ({ channel: name, content: text, id: given }) =>
      orRefusal(async () => receiptAnswer(await bus.channel(name).publish(text ?? null, withId(given)))),
  );
  server.registerTool(
    'request',
    {
      description: 'Ask an agent that is connected now and wait for its reply.',
      inputSchema: { to: agent, content, timeout_seconds: seconds.min(1).default(30) },
      annotations: writes,
    },
    ({ to, content: text, timeout_seconds: timeout }, { signal }) =>
      orRefusal(async () => {
        const reply = await bus.agent(to).request(text ?? null, { timeout: timeout * 1_000, signal });
        return messagesAnswer([reply]);
      }),
  );
}

function addReading(server: McpServer, bus: PubSub): void {
  server.registerTool(
    'inbox',
    {
      description:
        'The newest direct messages to you, oldest first, handled or not. Looking does not mark them as handled; wait_for_message does.',
      inputSchema: { limit },
      annotations: reads,
    },
    ({ limit: most }, { signal }) =>
      orRefusal(async () => messagesAnswer(await newest(bus.inbox, most, signal))),
  );
  server.registerTool(
    'history',
    {
      description: 'The newest messages of a channel, oldest first.',
      inputSchema: { channel, limit },
      annotations: reads,
    },
    ({ channel: name, limit: most }, { signal }) =>
      orRefusal(async () => messagesAnswer(await newest(bus.channel(name), most, signal))),
  );
  server.registerTool(
    'find_agents',
    {
      description: 'Find agents by what they can do, by status, or by whether they are connected.',
      inputSchema: {
        capability: z.string().optional(),
        status: z.string().optional(),
        online: z.boolean().optional().describe('true: connected now; false: not connected'),
      },
      annotations: reads,
    },
    ({ capability, status, online }) =>
      orRefusal(async () => {
        const agents: object[] = [];
        const query = {
          ...(capability !== undefined && { capability }),
          ...(status !== undefined && { status }),
          ...(online !== undefined && { online }),
        };
        for await (const found of bus.presence.query(query)) agents.push(agentForm(found));
        return untrusted({ agents });
      }),
  );
}

/** Each mailbox is read from its first mention on; the inbox from the start. */
function addWaiting(server: McpServer, bus: PubSub): void {
  const inbox = new Mailbox(bus.inbox);
  const channels = new Map<string, Mailbox>();
  const mailboxOf = (name: string | undefined): Mailbox => {
    if (name === undefined) return inbox;
    const mailbox = channels.get(name) ?? new Mailbox(bus.channel(name));
    channels.set(name, mailbox);
    return mailbox;
  };
  server.registerTool(
    'wait_for_message',
    {
      description:
        'Take the next direct message, or with channel the next message there (from your first call on). Asking for the next one marks the one before as handled; after a restart the last one may come again, with the same id.',
      inputSchema: { channel: channel.optional(), timeout_seconds: seconds.default(30) },
      annotations: { ...writes, idempotentHint: false },
    },
    ({ channel: name, timeout_seconds: timeout }, { signal }) =>
      orRefusal(async () => {
        const message = await mailboxOf(name).take(timeout * 1_000, signal);
        return message === undefined ? answer({ messages: [] }) : messagesAnswer([message]);
      }),
  );
}

/** What both logs offer. */
interface LogReader {
  history(options: { limit: number; signal?: AbortSignal }): AsyncIterable<Message>;
}

/** Oldest first. */
export async function newest(log: LogReader, limit: number, signal?: AbortSignal): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of log.history({ limit, ...(signal && { signal }) })) messages.push(message);
  return messages.reverse();
}

function agentForm({ agentId, status, capabilities, version }: AgentPresence): object {
  return { agent_id: agentId, status, capabilities, version };
}

function receiptAnswer({ id, status, sequence, epoch }: Receipt) {
  return answer({ id, status, sequence, epoch });
}

function withId(given: string | undefined): PublishOptions {
  return given === undefined ? { echo: false } : { echo: false, id: given };
}
