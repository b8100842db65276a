/** All agents of the tenant: listed over HTTP, kept true by presence events, listed again after a time without a connection. */
import { computed, signal } from '@preact/signals';
import type { Message } from '@artcafe/pubsub';
import { type AgentEntry, agents as listAgents, HttpError } from '../source/http';

export interface AgentRow {
  readonly id: string;
  readonly status: string;
  readonly capabilities: readonly string[];
  readonly version: number;
  /** Epoch ms of the last change; unknown until something tells. */
  readonly changedAt: number | undefined;
  readonly connections: number | undefined;
}

export const agents = signal<ReadonlyMap<string, AgentRow>>(new Map());
export const agentsState = signal<'loading' | 'ready' | { readonly error: string }>('loading');
export const onlineCount = computed(() => {
  let count = 0;
  for (const { status } of agents.value.values()) if (status !== 'offline') count += 1;
  return count;
});

const draft = new Map<string, AgentRow>();
let timer: ReturnType<typeof setTimeout> | undefined;
const flushMs = 200;

function changed(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    agents.value = new Map(draft);
  }, flushMs);
}

export function readAgent(entry: AgentEntry): AgentRow {
  const { agent_id, status, capabilities = [], version = 0, changed_at, connections } = entry;
  return {
    id: agent_id,
    status,
    capabilities,
    version,
    changedAt: changed_at === undefined ? undefined : Date.parse(changed_at),
    connections: typeof connections === 'object' ? connections.length : connections,
  };
}

function take(row: AgentRow): void {
  const known = draft.get(row.id);
  if (known !== undefined && known.version > row.version) return;
  draft.set(row.id, { ...row, connections: row.connections ?? known?.connections });
  changed();
}

export async function loadAgents(): Promise<void> {
  try {
    for await (const page of listAgents()) for (const entry of page) take(readAgent(entry));
    agentsState.value = 'ready';
  } catch (error) {
    if (draft.size > 0 && !(error instanceof HttpError)) return;
    agentsState.value = { error: error instanceof Error ? error.message : String(error) };
  }
}

/** A message of `$presence`. */
export function takePresence({ agentId, content, timestamp }: Message): void {
  const { status, capabilities, version } = content as Partial<AgentEntry>;
  take({
    id: agentId,
    status: String(status),
    capabilities: (capabilities ?? []).map(String),
    version: Number(version),
    changedAt: timestamp,
    connections: status === 'offline' ? 0 : undefined,
  });
}
