/**
 * Answers to the sender of a text message, in the order of its frames, while later frames are still handled.
 * At level 0 each is posted at once; at level 1 those of one text message are posted together, as arrays (BAT-4).
 */
import { type ErrorDetails, errorText, packFrames } from '../../protocol/index';
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';
import type { Clock, Logger } from '../shared/ports';
import type { RetryingSender } from '../delivery/retrying-sender';
import type { WorkBudget } from '../shared/work-budget';

/** An answer is not held back longer for the sake of an array. */
const maxHoldMs = 250;

export class Replies {
  private isSenderLost = false;
  /** Whether the one reply that may still go out after the deadline has gone. */
  private hasRepliedLate = false;
  private last: Promise<void> = Promise.resolve();
  private held: { readonly text: string; readonly isLogged: boolean; readonly settle: () => void }[] = [];
  private heldSince = 0;
  private delivered: number | undefined;

  constructor(
    private readonly sender: RetryingSender,
    private readonly receiver: Pick<Caller, 'connectionId' | 'level'>,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly deadline: Deadline,
    private readonly work: Pick<WorkBudget, 'message' | 'partOfArray'>,
  ) {}

  /** When the last reply that has reached the platform did, by the monotonic clock. */
  get deliveredAt(): number | undefined {
    return this.delivered;
  }

  /**
   * Settles, without ever failing, when this reply and all before it have been posted. At level 1 `flush` has to follow.
   * A loss is logged unless told otherwise.
   */
  send(text: string, { isLogged } = { isLogged: true }): Promise<void> {
    if (this.receiver.level === 0) {
      this.work.message(text);
      return this.post(text, isLogged);
    }
    this.work.partOfArray(text);
    const now = this.clock.monotonic();
    if (this.held.length === 0) this.heldSince = now;
    const posted = new Promise<void>((settle) => this.held.push({ text, isLogged, settle }));
    if (now - this.heldSince >= maxHoldMs) void this.flush();
    return posted;
  }

  error(details: ErrorDetails): Promise<void> {
    // A flood must not become a flood of lines.
    return this.send(errorText(details, this.clock.now()), { isLogged: details.code !== 'rate_limited' });
  }

  /** Posts what is held. Settles, without ever failing, when everything so far has been posted. */
  flush(): Promise<void> {
    const held = this.held.splice(0);
    const isLogged = held.some((reply) => reply.isLogged);
    for (const text of packFrames(held.map((reply) => reply.text))) void this.post(text, isLogged);
    return this.last.then(() => {
      for (const { settle } of held) settle();
    });
  }

  private post(text: string, isLogged: boolean): Promise<void> {
    this.last = this.last.then(async () => {
      // One reply after another to a peer that has vanished would outlast the function.
      if (this.isSenderLost || this.hasRepliedLate) return;
      this.hasRepliedLate = this.deadline.hasPassed;
      const { connectionId } = this.receiver;
      const outcome = await this.sender.post(connectionId, text);
      if (outcome === 'delivered') {
        this.delivered = this.clock.monotonic();
        return;
      }
      this.isSenderLost = outcome === 'gone' || outcome === 'lost';
      if (isLogged) this.log.info('reply_not_delivered', { connection_id: connectionId, outcome });
    });
    return this.last;
  }
}
