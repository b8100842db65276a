/** What erasing needs of the tables: the messages of logs, and the items of agents; and the port. */

export interface ErasurePage {
  /** Of the rows that are not empty yet. */
  readonly sequences: readonly number[];
  /** Every row up to here has been looked at. */
  readonly last: number;
}

export interface ErasureStore {
  /**
   * Pages of the rows above `after`, oldest first; with `agentId` only of those that the agent has sent. `subject` is a key of
   * `subjects.ts`. Strongly consistent.
   */
  messages(subject: string, after: number, agentId: string | undefined): AsyncIterable<ErasurePage>;
  /**
   * Empties the row: its place and its times stay, so that the log has no hole. Tells whether there was something to erase; with
   * `agentId` only what the agent has sent. Idempotent.
   */
  eraseMessage(subject: string, sequence: number, agentId: string | undefined): Promise<boolean>;
  /** Pages of the agents and observers of the tenant that have an item, behind `after`. Strongly consistent. */
  agentIds(tenantId: string, after: string | undefined): AsyncIterable<readonly string[]>;
  /** Removes the agent's item, unless it has connections: without it they would hear nothing more. Idempotent. */
  removeAgent(tenantId: string, agentId: string): Promise<'removed' | 'absent' | 'connected'>;
}
