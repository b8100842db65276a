/**
 * Stores in memory that count what their calls would cost in DynamoDB, in work units: near enough to tell expensive text messages from
 * cheap ones, and never too low for what a body is read or written.
 */
import type { OwnPresence } from '../../protocol/index';
import type { AgentEntry, AgentRecord, AgentView } from '../../lambda/shared/stores/agent-store';
import type { ChannelsOutcome, Connection, Subscription } from '../../lambda/shared/stores/connection-store';
import type {
  Checkpoint,
  Head,
  MessageFields,
  MessageRow,
  PutOutcome,
  StoredRow,
} from '../../lambda/shared/stores/history-store';
import type { Clock } from '../../lambda/shared/ports';
import type { WorkMeter } from '../../lambda/shared/work-meter';
import { MemoryAgentStore } from './memory-agent-store';
import { MemoryConnectionStore } from './memory-connection-store';
import { MemoryHistoryStore } from './memory-history-store';
import { MemoryTenantUsage } from './memory-tenant-usage';

const readBytes = 4_096;
const writeBytes = 1_024;
/** Of a row, besides its body. */
const rowBytes = 300;
const subscriptionBytes = 150;

/** At least one, as a call that finds nothing. */
const unitsOf = (bytes: number, unit: number): number => Math.max(1, Math.ceil(bytes / unit));

export class MeteredHistoryStore extends MemoryHistoryStore {
  constructor(private readonly work: WorkMeter) {
    super();
  }

  override head(subject: string): Promise<Head> {
    this.countRows(this.rows(subject).slice(0, 1));
    return super.head(subject);
  }

  override async get(subject: string, sequence: number): Promise<StoredRow | undefined> {
    const row = await super.get(subject, sequence);
    this.countRows(row === undefined ? [] : [row]);
    return row;
  }

  override tryPut(subject: string, row: MessageRow): Promise<PutOutcome> {
    this.work.writeUnits(unitsOf(bytesOf(row), writeBytes));
    return super.tryPut(subject, row);
  }

  override checkpoint(subject: string): Promise<Checkpoint | undefined> {
    this.work.readUnits(1);
    return super.checkpoint(subject);
  }

  override newestFirst(
    subject: string,
    onRead?: (readUnits: number) => void,
  ): AsyncGenerator<readonly MessageFields[]> {
    return super.newestFirst(subject, (readUnits) => {
      this.work.readUnits(readUnits);
      onRead?.(readUnits);
    });
  }

  override range(...args: Parameters<MemoryHistoryStore['range']>): AsyncGenerator<readonly StoredRow[]> {
    return this.counted(super.range(...args));
  }

  override rangeBack(
    ...args: Parameters<MemoryHistoryStore['rangeBack']>
  ): AsyncGenerator<readonly StoredRow[]> {
    return this.counted(super.rangeBack(...args));
  }

  private async *counted(pages: AsyncGenerator<readonly StoredRow[]>): AsyncGenerator<readonly StoredRow[]> {
    for await (const page of pages) {
      this.countRows(page);
      yield page;
    }
  }

  private countRows(rows: readonly Pick<StoredRow, 'body'>[]): void {
    this.work.readUnits(
      unitsOf(
        rows.reduce((sum, row) => sum + bytesOf(row), 0),
        readBytes,
      ),
    );
  }
}

/** Bodies of these tests are ASCII. */
function bytesOf({ body = '' }: Pick<StoredRow, 'body'>): number {
  return rowBytes + body.length;
}

export class MeteredConnectionStore extends MemoryConnectionStore {
  constructor(private readonly work: WorkMeter) {
    super();
  }

  override async getConnections(connectionIds: readonly string[]): Promise<Connection[]> {
    const rows = await super.getConnections(connectionIds);
    this.work.readUnits(rows.reduce((sum, row) => sum + unitsOf(connectionBytes(row), readBytes), 0));
    return rows;
  }

  override async addChannels(
    connectionId: string,
    channelIds: readonly string[],
    limit: number,
  ): Promise<ChannelsOutcome> {
    const result = await super.addChannels(connectionId, channelIds, limit);
    if (channelIds.length > 0) await this.countWrite(connectionId);
    else this.work.readUnits(1);
    return result;
  }

  override async removeChannel(connectionId: string, channelId: string): Promise<void> {
    await this.countWrite(connectionId);
    return super.removeChannel(connectionId, channelId);
  }

  override missingSubscriptions(
    tenantId: string,
    channelIds: readonly string[],
    connectionId: string,
  ): Promise<readonly string[]> {
    this.work.readUnits(channelIds.length);
    return super.missingSubscriptions(tenantId, channelIds, connectionId);
  }

  override putSubscription(tenantId: string, channelId: string, subscription: Subscription): Promise<void> {
    this.work.writeUnits(1);
    return super.putSubscription(tenantId, channelId, subscription);
  }

  override removeSubscription(tenantId: string, channelId: string, connectionId: string): Promise<void> {
    this.work.writeUnits(1);
    return super.removeSubscription(tenantId, channelId, connectionId);
  }

  override async *subscribers(tenantId: string, channelId: string): AsyncGenerator<readonly Subscription[]> {
    for await (const page of super.subscribers(tenantId, channelId)) {
      this.work.readUnits(unitsOf(page.length * subscriptionBytes, readBytes));
      yield page;
    }
  }

  override hasSubscribers(tenantId: string, channelId: string): Promise<boolean> {
    this.work.readUnits(1);
    return super.hasSubscribers(tenantId, channelId);
  }

  private async countWrite(connectionId: string): Promise<void> {
    const [row] = await super.getConnections([connectionId]);
    this.work.writeUnits(unitsOf(row === undefined ? 0 : connectionBytes(row), writeBytes));
  }
}

function connectionBytes({ channels }: Connection): number {
  return rowBytes + channels.reduce((sum, channel) => sum + channel.length, 0);
}

export class MeteredAgentStore extends MemoryAgentStore {
  constructor(
    clock: Pick<Clock, 'now'>,
    private readonly work: WorkMeter,
    pageSize?: number,
  ) {
    super(clock, pageSize);
  }

  override async getAgent(tenantId: string, agentId: string): Promise<AgentView> {
    const view = await super.getAgent(tenantId, agentId);
    this.work.readUnits(unitsOf(agentBytes(view.record), readBytes));
    return view;
  }

  override async setPresence(
    tenantId: string,
    agentId: string,
    connectionId: string,
    own: OwnPresence,
  ): Promise<AgentRecord | undefined> {
    const record = await super.setPresence(tenantId, agentId, connectionId, own);
    this.work.writeUnits(unitsOf(agentBytes(record), writeBytes));
    return record;
  }

  override async *agents(tenantId: string, after: string | undefined): AsyncGenerator<readonly AgentEntry[]> {
    for await (const page of super.agents(tenantId, after)) {
      const bytes = page.reduce((sum, { record }) => sum + agentBytes(record), 0);
      this.work.readUnits(unitsOf(bytes, readBytes));
      yield page;
    }
  }

  override async recordMissed(...args: Parameters<MemoryAgentStore['recordMissed']>): Promise<boolean> {
    await this.countWrite(args[0].tenantId, args[0].agentId);
    return super.recordMissed(...args);
  }

  override async saveHandled(...args: Parameters<MemoryAgentStore['saveHandled']>): Promise<void> {
    await this.countWrite(args[0], args[1]);
    return super.saveHandled(...args);
  }

  private async countWrite(tenantId: string, agentId: string): Promise<void> {
    const { record } = await super.getAgent(tenantId, agentId);
    this.work.writeUnits(unitsOf(agentBytes(record), writeBytes));
  }
}

function agentBytes(record: AgentRecord | undefined): number {
  const own = record === undefined ? 0 : record.capabilities.reduce((sum, each) => sum + each.length, 0);
  return rowBytes + own;
}

export class MeteredTenantUsage extends MemoryTenantUsage {
  constructor(private readonly work: WorkMeter) {
    super();
  }

  override addUnknownAgent(tenantId: string, limit: number): Promise<boolean> {
    this.work.writeUnits(1);
    return super.addUnknownAgent(tenantId, limit);
  }
}
