/**
 * Events that a function failed to handle, and messages of the publish queue that were not accepted, in the failure queue; and the
 * port. A queue can't be searched: what is received is held back from others meanwhile.
 */

export interface FailedEvent {
  /** The same each time that the event is received. */
  readonly id: string;
  /** Of this time: it removes the event, or gives it back. */
  readonly receipt: string;
  readonly body: string;
}

export interface FailedEvents {
  /**
   * Up to ten that nobody holds; none only when there are none. They are held for `seconds`, then others may receive them. An event may
   * come again all the same, also one that was removed.
   */
  receive(seconds: number): Promise<readonly FailedEvent[]>;
  /** Up to ten. Gives the ids of those that are removed for certain. Idempotent. */
  remove(events: readonly FailedEvent[]): Promise<readonly string[]>;
  /** Up to ten, for others to receive at once. One that could not be given back is free when its seconds are over. */
  giveBack(events: readonly FailedEvent[]): Promise<void>;
  /** How many are held, by anybody. Approximate: what happened within a minute may be missing. */
  held(): Promise<number>;
}
