/**
 * The inbox attributes of an agent's item: the mark of missed messages, and the position up to which messages are handled.
 */
import type { Position } from '../../../../protocol/index';
import { agentTable } from '../../../contract';
import type {
  AgentStore,
  AgentView,
  InboxMark,
  MissedMessage,
  WakeClaim,
} from '../../../shared/stores/agent-store';
import { type Clock, Unavailable } from '../../../shared/ports';
import { isUnannounced, offlineSeconds } from './dynamo-agent-item';
import type { DynamoAgentTable } from './dynamo-agent-table';

/** DynamoDB may delete an item as soon as its `ttl` has passed. */
const deletionMarginSeconds = 3_600;
/** A failed round means that another write to the item succeeded. */
const maxRounds = 50;

export class DynamoInboxAttributes implements Pick<
  AgentStore,
  'recordMissed' | 'settleMark' | 'saveHandled' | 'claimWake' | 'markWoken'
> {
  constructor(
    private readonly table: DynamoAgentTable,
    private readonly clock: Clock,
  ) {}

  async recordMissed(missed: MissedMessage, seen: AgentView | undefined): Promise<boolean> {
    const { tenantId, agentId, sequence, expiresAt } = missed;
    const isCovered = (seen?.inboxMark?.from ?? Infinity) <= sequence;
    const forms = [
      { set: 'inbox_from = :from, ', condition: 'attribute_not_exists(inbox_from) OR inbox_from > :from' },
      { set: '', condition: 'inbox_from <= :from' },
    ];
    for (let round = 0; round < maxRounds; round++) {
      for (const { set, condition } of isCovered ? forms.toReversed() : forms) {
        const recorded = await this.table.update(tenantId, agentId, {
          UpdateExpression: `SET ${set}inbox_count = if_not_exists(inbox_count, :zero) + :one, #ttl = :ttl`,
          ConditionExpression: `(${condition})${unchangedSince(seen)}`,
          ExpressionAttributeNames: {
            '#ttl': agentTable.ttl,
            ...(seen !== undefined && { '#version': 'version' }),
          },
          ExpressionAttributeValues: {
            ':from': sequence,
            ':zero': 0,
            ':one': 1,
            // Also on an online agent: adding a connection removes it, and no connection lives that long.
            ':ttl': Math.max(this.offlineUntil(), Math.ceil(expiresAt / 1_000) + deletionMarginSeconds),
            ...(seen?.version !== undefined && { ':version': seen.version }),
          },
        });
        if (recorded !== undefined) return true;
      }
      // Between the two updates only the mark can have moved, unless the set has changed.
      if (seen !== undefined && (await this.table.get(tenantId, agentId)).version !== seen.version)
        return false;
    }
    throw new Unavailable('The agent changes too fast');
  }

  async settleMark(
    tenantId: string,
    agentId: string,
    connectionId: string,
    mark: InboxMark,
    to?: number,
  ): Promise<boolean> {
    const settled = await this.table.update(tenantId, agentId, {
      UpdateExpression: to === undefined ? 'REMOVE inbox_from' : 'SET inbox_from = :to',
      ConditionExpression: 'inbox_from = :from AND inbox_count = :count AND contains(connections, :id)',
      ExpressionAttributeValues: {
        ':from': mark.from,
        ':count': mark.count,
        ':id': connectionId,
        ...(to !== undefined && { ':to': to }),
      },
    });
    return settled !== undefined;
  }

  async claimWake(tenantId: string, agentId: string, pauseMs: number): Promise<WakeClaim | undefined> {
    const now = this.clock.now();
    const claimed = await this.table.update(tenantId, agentId, {
      UpdateExpression: 'SET announce_at = :now',
      ConditionExpression: [
        'attribute_exists(inbox_from) AND attribute_not_exists(connections)',
        isUnannounced,
        // A claim in the future was made by a wrong clock.
        '(attribute_not_exists(announce_at) OR announce_at <= :before OR announce_at >= :after)',
      ].join(' AND '),
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':now': now, ':before': now - pauseMs, ':after': now + pauseMs },
    });
    if (claimed === undefined) return undefined;
    return { tenantId, agentId, version: claimed.version, sequence: claimed.inbox_from ?? 0 };
  }

  async markWoken({ tenantId, agentId, version }: WakeClaim): Promise<void> {
    await this.table.update(tenantId, agentId, {
      UpdateExpression: 'SET announced = :version',
      ConditionExpression: `attribute_exists(inbox_from)${unchangedSince({ version })}`,
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': version ?? 0 },
    });
  }

  async saveHandled(
    tenantId: string,
    agentId: string,
    { epoch, sequence }: Position,
    retentionMs: number,
    isFirst: boolean,
  ): Promise<void> {
    const condition = isFirst
      ? 'attribute_not_exists(handled_epoch)'
      : '(attribute_not_exists(handled_epoch) OR handled_epoch <> :epoch OR handled_sequence < :sequence)';
    await this.table.update(tenantId, agentId, {
      UpdateExpression: 'SET handled_epoch = :epoch, handled_sequence = :sequence, kept_for = :seconds',
      ConditionExpression: `attribute_exists(#version) AND ${condition}`,
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: {
        ':epoch': epoch,
        ':sequence': sequence,
        ':seconds': Math.max(offlineSeconds, Math.ceil(retentionMs / 1_000) + deletionMarginSeconds),
      },
    });
  }

  private offlineUntil(): number {
    return Math.floor(this.clock.now() / 1_000) + offlineSeconds;
  }
}

function unchangedSince(seen: Pick<AgentView, 'version'> | undefined): string {
  if (seen === undefined) return '';
  return seen.version === undefined ? ' AND attribute_not_exists(#version)' : ' AND #version = :version';
}
