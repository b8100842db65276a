/** The directory of channels in memory, with the same duties as the DynamoDB one. For tests and simulations. */
import type { ChannelDirectory } from '../../lambda/shared/stores/channel-directory';
import type { Clock } from '../../lambda/shared/ports';

export class MemoryChannelDirectory implements ChannelDirectory {
  /** By tenant, then by channel: until when, epoch milliseconds. */
  private readonly tenants = new Map<string, Map<string, number>>();

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly pageRows = 2,
  ) {}

  put(tenantId: string, channelId: string, expiresAt: number): Promise<void> {
    const rows = this.tenants.get(tenantId) ?? new Map<string, number>();
    this.tenants.set(tenantId, rows.set(channelId, expiresAt));
    return Promise.resolve();
  }

  async *channels(tenantId: string, after = ''): AsyncGenerator<readonly string[]> {
    const now = this.clock.now();
    const rows = [...(this.tenants.get(tenantId) ?? [])]
      .filter(([channelId, expiresAt]) => channelId > after && expiresAt > now)
      .map(([channelId]) => channelId)
      .sort();
    for (let start = 0; start < rows.length; start += this.pageRows)
      yield await Promise.resolve(rows.slice(start, start + this.pageRows));
  }
}
