/** The load whose price is estimated. */
export interface Load {
  /** Connected all month, one connection each. */
  readonly agents: number;
  readonly channels: number;
  /** Publishes per second on each channel. */
  readonly rate: number;
  /** Subscribers who get each publish. */
  readonly fanOut: number;
  /** Bytes of content. */
  readonly size: number;
  readonly ephemeral: boolean;
  /** Whether the sender is not one of the subscribers. */
  readonly publishOnly: boolean;
  /** Whether each publish is an event for EventBridge, too. */
  readonly events: boolean;
  /** Whether publishes come through the publish queue, one in a batch, instead of a socket. */
  readonly publishQueue: boolean;
  /** Of `default`, in MB. */
  readonly memoryMb: number;
}
