/**
 * A call that waits for its socket or for its answer. Its time starts again when it is written: a socket that opens slowly takes
 * nothing from the time for the answer.
 */
import type { AnswerReader } from './answer-reader';

/** `status` once an answer was read; a `systemCode` if there is no answer for a known reason; neither if time ran out. */
export interface Answer {
  readonly status: number | undefined;
  /** Its `Date` header. */
  readonly date: string | undefined;
  readonly systemCode: string | undefined;
}

/** The code of a call that found no socket in its time, so that it was never sent. */
export const notSent = 'NOT_SENT';

export class PendingCall {
  /** After a kept socket that the server had closed. The next failure is final. */
  isRepeated = false;
  private timer: NodeJS.Timeout | undefined;

  /** `waitMs` bounds the wait for a socket, `timeoutMs` the wait for the answer after that. */
  constructor(
    /** Head and body, written at once. */
    readonly request: string,
    private readonly waitMs: number,
    private readonly timeoutMs: number,
    private readonly resolve: (answer: Answer) => void,
    private readonly leave: () => void,
  ) {}

  /** It waits for a socket from now on; `leave` takes it out of the queue when that takes too long. */
  wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.leave();
      this.settle(undefined, notSent);
    }, this.waitMs);
  }

  /** The request is written now. */
  sent(onTimeout: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(onTimeout, this.timeoutMs);
  }

  /** The first result counts. */
  settle(read: Pick<AnswerReader, 'status' | 'date'> | undefined, systemCode: string | undefined): void {
    clearTimeout(this.timer);
    this.resolve({ status: read?.status, date: read?.date, systemCode });
  }
}
