/** What every ErasureStore promises, and what a log then says, as cases over a factory. */
import { randomUUID } from 'node:crypto';
import type { AgentStore } from '../../lambda/shared/stores/agent-store';
import type { ErasureStore } from '../../lambda/shared/stores/erasure-store';
import type { HistoryStore } from '../../lambda/shared/stores/history-store';
import { observerId } from '../../lambda/shared/subjects';
import { collect } from './collect';

export interface ErasureSubject {
  readonly store: ErasureStore;
  readonly history: HistoryStore;
  readonly agents: AgentStore;
}

export function erasureStoreSuite(create: () => ErasureSubject): void {
  let given: ErasureSubject;
  let subject: string;
  let tenantId: string;
  const now = Date.now();

  beforeEach(() => {
    given = create();
    tenantId = randomUUID();
    subject = `${tenantId}/channel/c`;
  });

  const put = (sequence: number, agentId: string) =>
    given.history.tryPut(subject, {
      sequence,
      epoch: 'e',
      nonce: `n${String(sequence)}`,
      id: `m${String(sequence)}`,
      agentId,
      isRetry: true,
      timestamp: now,
      expiresAt: now + 3_600_000,
      body: '{"content":"private words"}',
    });
  const found = async (after: number, agentId?: string) => {
    const sequences: number[] = [];
    for await (const page of given.store.messages(subject, after, agentId)) sequences.push(...page.sequences);
    return sequences;
  };

  test('finds the messages above a sequence, of all or of one agent, and never row 0', async () => {
    for (const [index, agentId] of ['a', 'b', 'a', 'b', 'a'].entries()) await put(index + 1, agentId);
    await given.history.raiseCheckpoint(subject, { epoch: 'e', sequence: 5 }, now + 3_600_000);
    expect(await found(0)).toEqual([1, 2, 3, 4, 5]);
    expect(await found(1, 'a')).toEqual([3, 5]);
    expect(await found(0, 'nobody')).toEqual([]);
  });

  test('empties a row: its place and its times stay, and it is found no more', async () => {
    for (const [index, agentId] of ['a', 'b'].entries()) await put(index + 1, agentId);
    expect(await given.store.eraseMessage(subject, 1, 'b')).toBe(false);
    expect(await given.store.eraseMessage(subject, 2, 'b')).toBe(true);
    expect(await given.store.eraseMessage(subject, 2, 'b')).toBe(false);
    expect(await given.store.eraseMessage(subject, 2, undefined)).toBe(false);
    expect(await given.store.eraseMessage(subject, 3, undefined)).toBe(false);
    expect(await given.history.get(subject, 2)).toEqual({
      sequence: 2,
      epoch: 'e',
      nonce: '',
      id: '',
      agentId: '',
      isRetry: false,
      timestamp: now,
      expiresAt: now + 3_600_000,
      body: undefined,
      isErased: true,
    });
    expect((await given.history.head(subject)).row).toMatchObject({ sequence: 2, epoch: 'e' });
    expect(await given.history.get(subject, 1)).toMatchObject({ body: '{"content":"private words"}' });
    expect(await given.history.get(subject, 3)).toBeUndefined();
    expect(await found(0)).toEqual([1]);
    expect(await found(1, 'b')).toEqual([]);
  });

  test('the sequence of an empty row is not free', async () => {
    await put(1, 'a');
    await given.store.eraseMessage(subject, 1, undefined);
    expect(await put(1, 'a')).toBe('exists');
  });

  test('lists agents and observers of the tenant, and removes those without connections', async () => {
    const ids = [observerId('a'), 'a', 'b', 'c'];
    for (const id of ids) await given.agents.addConnection(tenantId, id, `connection of ${id}`, 9);
    for (const id of ids.slice(0, 3))
      await given.agents.removeConnection(tenantId, id, `connection of ${id}`);
    expect(await collect(given.store.agentIds(tenantId, undefined))).toEqual(ids);
    expect(await collect(given.store.agentIds(tenantId, 'a'))).toEqual(['b', 'c']);
    expect(await given.store.removeAgent(tenantId, 'a')).toBe('removed');
    expect(await given.store.removeAgent(tenantId, 'a')).toBe('absent');
    expect(await given.store.removeAgent(tenantId, 'c')).toBe('connected');
    expect((await given.agents.getAgent(tenantId, 'a')).version).toBeUndefined();
    expect(await given.agents.connectionIds(tenantId, 'c')).toHaveLength(1);
  });
}
