/** Which channels a tenant has, for a list of them; and the port. */
export interface ChannelDirectory {
  /** Keeps the channel in the directory until then (epoch milliseconds). Idempotent. */
  put(tenantId: string, channelId: string, expiresAt: number): Promise<void>;
  /**
   * Pages of the channels of the tenant in the order of their bytes, from behind `after` on. Expired ones are left out. Unless
   * `consistent`, those of about the last second may be missing, for half the price.
   */
  channels(
    tenantId: string,
    after: string | undefined,
    consistent: boolean,
  ): AsyncIterable<readonly string[]>;
}
