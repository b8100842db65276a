/**
 * What a run under faults leaves to be checked: what clients published, were told and saw, and what stands in the logs
 * at the end. The same for the run in memory and the one over sockets; the former knows more.
 */

export interface LogPosition {
  readonly epoch: string;
  readonly sequence: number;
}

/** One message that a client wanted in a log, over all its attempts. */
export interface Publication {
  readonly tenantId: string;
  readonly agentId: string;
  /** Unique for the agent; other agents use the same ones. */
  readonly id: string;
  /** Key of the log. */
  readonly subject: string;
  /** The agent that a direct message is for. */
  readonly to: string | undefined;
  /** It is for those who are there, and for no log. */
  readonly isEphemeral: boolean;
  /** What the content says of itself, so that a mix-up shows. */
  readonly tag: string;
  attempts: number;
  /** The last word of the server. */
  outcome: 'acked' | 'refused' | 'unknown';
  /** Every ACK that came. */
  readonly acks: { readonly place: LogPosition | undefined; readonly status: string; readonly at: number }[];
  /** Sent when no fault was left: it has to be acknowledged. */
  readonly isCalm: boolean;
}

/** What an application sees of one log, in order. */
export type Sight =
  | { readonly kind: 'start'; readonly place: LogPosition }
  | {
      readonly kind: 'shown';
      readonly place: LogPosition;
      readonly id: string;
      readonly agentId: string;
      readonly tag: string;
      readonly tenantId: string;
    }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number; readonly reason: string }
  /** The client was told that it can't go on from where it was. */
  | { readonly kind: 'reset'; readonly place: LogPosition; readonly reason: string };

export interface View {
  readonly tenantId: string;
  readonly client: string;
  readonly subject: string;
  readonly sights: Sight[];
  /** Whether it has to have everything at the end: it wants to be subscribed and could be. */
  mustBeComplete: boolean;
}

export interface LogRowSeen extends LogPosition {
  readonly id: string;
  readonly agentId: string;
  readonly tag: string;
  /** When it was accepted, epoch milliseconds. */
  readonly at: number;
  readonly isReadable: boolean;
}

/** A frame as it reached a client's socket. */
export interface Received {
  readonly client: string;
  readonly tenantId: string;
  readonly agentId: string;
  readonly channels: readonly string[];
  readonly text: string;
}

/** A thing that is wrong in itself, found where it happened. */
export interface Violation {
  readonly rule: string;
  readonly what: string;
}

export interface RunRecord {
  readonly publications: Publication[];
  readonly views: View[];
  /** By subject, oldest first, as the logs are at the end. */
  readonly logs: ReadonlyMap<string, readonly LogRowSeen[]>;
  /** Everything that was said to a log file. */
  readonly logLines: readonly string[];
  readonly received: readonly Received[];
  /** Words that must be in no frame and no log line. */
  readonly secrets: readonly string[];
  /** Whether messages may have expired, so that gaps and new epochs are the truth. */
  readonly mayExpire: boolean;
  /** Agents of the original protocol that came back when all was well: what was stored for them has been pushed. */
  readonly returned: readonly { readonly tenantId: string; readonly agentId: string }[];
  /** What only the run in memory sees; none over sockets. */
  readonly inside: Inside | undefined;
}

/** Moments are numbers of one common order. */
export interface Inside {
  readonly writes: readonly {
    readonly subject: string;
    readonly place: LogPosition;
    readonly id: string;
    readonly agentId: string;
    readonly moment: number;
  }[];
  /** When an ACK left for its client. */
  readonly acksSent: readonly {
    readonly agentId: string;
    readonly tenantId: string;
    readonly id: string;
    readonly place: LogPosition;
    readonly moment: number;
  }[];
  readonly subscriptions: readonly {
    readonly connectionId: string;
    readonly subject: string;
    readonly moment: number;
    readonly kind: 'put' | 'removed';
  }[];
  /** Heads that a connection was told as those of its subscription. */
  readonly told: readonly {
    readonly connectionId: string;
    readonly subject: string;
    readonly place: LogPosition;
  }[];
  readonly invocations: readonly Invocation[];
  /** What the platform had accepted for a level 0 connection that closed before it arrived. */
  readonly lostAtClose: readonly {
    readonly tenantId: string;
    readonly agentId: string;
    readonly text: string;
  }[];
}

export interface Invocation {
  readonly kind: string;
  readonly ms: number;
  readonly end: 'returned' | 'killed' | 'timed-out';
  /** Calls that were still under way when the function returned, or begun after it. */
  readonly leftOver: number;
  readonly posts: readonly {
    readonly connectionId: string;
    readonly text: string;
    readonly isRetry: boolean;
  }[];
  /** Those who had to be posted a message: by the tables, from its write to the end, with no fault in the way. */
  readonly missed: readonly string[];
}
