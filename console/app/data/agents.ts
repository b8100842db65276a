/** All agents of the tenant, as the SDK lists them and keeps them true. */
import { computed, signal } from '@preact/signals';
import type { AgentPresence, PubSub } from '@artcafe/pubsub';

export interface AgentRow {
  readonly id: string;
  readonly status: string;
  readonly capabilities: readonly string[];
  readonly version: number;
  /** Epoch ms of the last change that this page saw. */
  readonly changedAt: number | undefined;
}

export const agents = signal<ReadonlyMap<string, AgentRow>>(new Map());
export const agentsState = signal<'loading' | 'ready' | { readonly error: string }>('loading');
export const onlineCount = computed(() => {
  let count = 0;
  for (const { status } of agents.value.values()) if (status !== 'offline') count += 1;
  return count;
});

const draft = new Map<string, AgentRow>();
let isFlushing = false;
const flushMs = 200;
const againMs = 15_000;

function take({ agentId, status, capabilities, version, reason }: AgentPresence): void {
  // A listed agent has no reason.
  const changedAt = reason === undefined ? undefined : Date.now();
  draft.set(agentId, { id: agentId, status, capabilities, version, changedAt });
  if (isFlushing) return;
  isFlushing = true;
  setTimeout(() => {
    isFlushing = false;
    agents.value = new Map(draft);
  }, flushMs);
}

export async function watchAgents(bus: PubSub): Promise<void> {
  try {
    await bus.presence.subscribe(take);
    agentsState.value = 'ready';
  } catch (error) {
    agentsState.value = { error: error instanceof Error ? error.message : String(error) };
    setTimeout(() => void watchAgents(bus), againMs);
  }
}
