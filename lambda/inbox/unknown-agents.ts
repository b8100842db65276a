/**
 * Agents that never connected. A message to one of them is stored like any other, as it may connect later; but names cost
 * nothing, so there is a limit of them per tenant.
 */
import type { FreeSlot } from '../log/log-tail';
import { errorFields } from '../shared/error-fields';
import type { Logger } from '../shared/ports';
import type { AgentStore } from '../shared/stores/agent-store';
import type { TenantQuotas, TenantUsageStore } from '../shared/stores/tenant-usage';

export interface UnknownAgentDependencies {
  readonly agents: Pick<AgentStore, 'getAgent'>;
  readonly usage: Pick<TenantUsageStore, 'addUnknownAgent'>;
  readonly quotas: Pick<TenantQuotas, 'unknownAgents'>;
  readonly log: Logger;
}

export class TooManyUnknownAgents extends Error {}

/**
 * DIR-8. Only the first message of an empty inbox looks at its agent: it costs a read, and a write for an agent that is new.
 * @throws TooManyUnknownAgents
 */
export async function admitReceiver(
  deps: UnknownAgentDependencies,
  tenantId: string,
  agentId: string,
  { previousTimestamp }: FreeSlot,
): Promise<void> {
  if (previousTimestamp !== undefined || (await hasRoom(deps, tenantId, agentId))) return;
  throw new TooManyUnknownAgents(
    `The tenant has messages for ${deps.quotas.unknownAgents} agents that never connected`,
  );
}

async function hasRoom(
  { agents, usage, quotas, log }: UnknownAgentDependencies,
  tenantId: string,
  agentId: string,
): Promise<boolean> {
  try {
    const { version, inboxMark } = await agents.getAgent(tenantId, agentId);
    if (version !== undefined || inboxMark !== undefined) return true;
    return await usage.addUnknownAgent(tenantId, quotas.unknownAgents);
  } catch (error) {
    // An agent that is not counted costs less than a message that is refused; the sweep counts it.
    log.error('unknown_agent_not_counted', { tenant_id: tenantId, ...errorFields(error) });
    return true;
  }
}
