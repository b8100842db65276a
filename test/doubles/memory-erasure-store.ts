/** Erases in the memory stores, with the same duties as the DynamoDB store. For tests. */
import type { ErasurePage, ErasureStore } from '../../lambda/shared/stores/erasure-store';
import type { MemoryAgentStore } from './memory-agent-store';
import type { MemoryHistoryStore } from './memory-history-store';

export class MemoryErasureStore implements ErasureStore {
  /** `pageRows`: rows and agents per page. */
  constructor(
    private readonly history: MemoryHistoryStore,
    private readonly agents: MemoryAgentStore,
    private readonly pageRows = 2,
  ) {}

  async *messages(subject: string, after: number, agentId: string | undefined): AsyncGenerator<ErasurePage> {
    const rows = this.history.rows(subject).reverse();
    const above = rows.filter(({ sequence }) => sequence > after);
    for (let start = 0; start < above.length; start += this.pageRows) {
      const page = above.slice(start, start + this.pageRows);
      const found = page.filter(
        (row) => !this.history.isErased(row) && (agentId === undefined || row.agentId === agentId),
      );
      const last = page.at(-1)?.sequence ?? after;
      yield await Promise.resolve({ sequences: found.map(({ sequence }) => sequence), last });
    }
  }

  eraseMessage(subject: string, sequence: number, agentId: string | undefined): Promise<boolean> {
    const row = this.history.rows(subject).find((each) => each.sequence === sequence);
    const isMeant =
      row !== undefined && !this.history.isErased(row) && (agentId === undefined || row.agentId === agentId);
    if (isMeant) this.history.erase(subject, sequence);
    return Promise.resolve(isMeant);
  }

  async *agentIds(tenantId: string, after = ''): AsyncGenerator<readonly string[]> {
    const ids = this.agents
      .ids(tenantId)
      .filter((id) => Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0);
    for (let start = 0; start < ids.length; start += this.pageRows)
      yield await Promise.resolve(ids.slice(start, start + this.pageRows));
  }

  removeAgent(tenantId: string, agentId: string): Promise<'removed' | 'absent' | 'connected'> {
    if ((this.agents.agent(tenantId, agentId)?.connections.size ?? 0) > 0)
      return Promise.resolve('connected');
    return Promise.resolve(this.agents.delete(tenantId, agentId) ? 'removed' : 'absent');
  }
}
