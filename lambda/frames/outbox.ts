/**
 * Texts for the sender of a text message after its answers: arrays at level 1, as full as they get, one text after another at level 0.
 */
import { limits, pack, packFrames } from '../../protocol/index';
import type { RetryingSender } from '../delivery/retrying-sender';
import type { Caller } from '../shared/caller';
import type { Clock } from '../shared/ports';
import type { WorkBudget } from '../shared/work-budget';

/** The end of a replay is not held back longer for the sake of an array: a client waits for it. */
const maxHoldMs = 250;

export class Outbox {
  private waiting: string[] = [];
  /** Of what waits, with its commas. */
  private bytes = 0;
  private heldSince = 0;
  private hasFailed = false;

  constructor(
    private readonly sender: RetryingSender,
    private readonly receiver: Pick<Caller, 'connectionId' | 'level'>,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly work: Pick<WorkBudget, 'message' | 'partOfArray'>,
  ) {}

  /** Whether the connection takes no more. */
  get isLost(): boolean {
    return this.hasFailed;
  }

  add(text: string): void {
    if (this.waiting.length === 0) this.heldSince = this.clock.monotonic();
    this.waiting.push(text);
    this.bytes += Buffer.byteLength(text) + 1;
    if (this.receiver.level === 0) this.work.message(text);
    else this.work.partOfArray(text);
  }

  /** Posts all but the last array, which may still grow for a moment. Tells whether the connection takes them. */
  async postFull(): Promise<boolean> {
    if (this.receiver.level === 0 || this.clock.monotonic() - this.heldSince >= maxHoldMs)
      return this.postAll();
    if (this.bytes < limits.frameBytes) return !this.hasFailed;
    const groups = pack(this.waiting, limits.frameBytes);
    this.waiting = groups.pop() ?? [];
    this.bytes = this.waiting.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
    return this.post(groups.flatMap((group) => packFrames(group)));
  }

  postAll(): Promise<boolean> {
    const texts = this.waiting.splice(0);
    this.bytes = 0;
    return this.post(this.receiver.level === 0 ? texts : packFrames(texts));
  }

  /** One after another, so that they arrive in order. */
  private async post(texts: readonly string[]): Promise<boolean> {
    for (const text of texts) {
      if (this.hasFailed) return false;
      this.hasFailed = (await this.sender.post(this.receiver.connectionId, text)) !== 'delivered';
    }
    return !this.hasFailed;
  }
}
