/**
 * Who is there: setting one's own state, asking for that of others, and hearing of changes. Events may get lost or
 * overtake each other; their versions and a question after each new connection put that right.
 */
import { type Frame, type Message, text } from '../shared/messages';
import { type Ask, list } from '../connection/replies';

/** What is known about an agent. */
export interface AgentPresence {
  readonly agentId: string;
  /** `offline` when it has no connection; otherwise its own word, or `online`. */
  readonly status: string;
  readonly capabilities: readonly string[];
  /** Rises with every change. */
  readonly version: number;
  /** Why an event came: `connected`, `disconnected`, `changed`; absent when the service was asked. */
  readonly reason: string | undefined;
}

/** All that is given has to fit. */
export interface PresenceQuery {
  readonly agentId?: string;
  readonly status?: string;
  readonly capability?: string;
  /** `true`: only agents that are not `offline`; `false`: only those that are. */
  readonly online?: boolean;
}

/** Every agent that fits, page by page. */
export async function* queryPresence(
  ask: Ask,
  query: PresenceQuery,
): AsyncGenerator<AgentPresence, void, undefined> {
  const { agentId: agent_id, status, capability, online } = query;
  let after: string | undefined;
  do {
    const answer = await ask(
      { type: 'presence', query: { agent_id, status, capability, online, after } },
      (frame) => frame,
    );
    for (const agent of list(answer.agents)) yield readPresence(agent);
    after = text(answer.next);
  } while (after !== undefined);
}

export function presenceOf({ agentId, content }: Message): AgentPresence {
  return readPresence({ ...(content as Frame), agent_id: agentId });
}

function readPresence({ agent_id, status, capabilities, version, reason }: Frame): AgentPresence {
  return {
    agentId: String(agent_id),
    status: String(status),
    capabilities: list(capabilities).map(String),
    version: Number(version),
    reason: text(reason),
  };
}
