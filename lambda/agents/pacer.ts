/** Lets calls begin at a steady rate, one after another, however many wait. */
import type { Clock } from '../shared/ports';

export class Pacer {
  /** On the monotonic clock. */
  private nextAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
  ) {}

  async turn(): Promise<void> {
    const now = this.clock.monotonic();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1_000 / this.perSecond;
    if (at > now) await this.clock.sleep(at - now);
  }
}
