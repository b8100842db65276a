/**
 * ACKs and ERRORs to the sender, in the order of its frames, while later frames are still being worked on.
 */
import { type ErrorDetails, errorText } from '../../protocol/index';
import type { Deadline } from './deadline';
import type { Clock, Log } from './ports';
import type { RetryingSender } from './retrying-sender';

export class Replies {
  private isSenderLost = false;
  /** Whether the one reply that may still go out after the deadline has gone. */
  private isLate = false;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly sender: RetryingSender,
    private readonly connectionId: string,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly deadline: Deadline,
  ) {}

  /** Settles, without ever failing, when this reply and all before it have been posted. A loss is logged unless told otherwise. */
  send(text: string, { isLogged } = { isLogged: true }): Promise<void> {
    this.last = this.last.then(async () => {
      // One reply after another to a peer that has vanished would outlast the function.
      if (this.isSenderLost || this.isLate) return;
      this.isLate = this.deadline.hasPassed;
      const outcome = await this.sender.post(this.connectionId, text);
      if (outcome === 'delivered') return;
      this.isSenderLost = outcome === 'gone' || outcome === 'lost';
      if (isLogged) this.log.info('reply_not_delivered', { connection_id: this.connectionId, outcome });
    });
    return this.last;
  }

  error(details: ErrorDetails): Promise<void> {
    // A flood must not become a flood of lines.
    return this.send(errorText(details, this.clock.now()), { isLogged: details.code !== 'rate_limited' });
  }

  get settled(): Promise<void> {
    return this.last;
  }
}
