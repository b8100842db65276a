/**
 * Faults of events that AWS allows: delays, another order, lost and duplicate events. Tests turn them on by kind of
 * event. Every decision depends only on the seed, the kind and the number of the event, so that a run can be
 * repeated.
 */
import { createHash } from 'node:crypto';
import { GatewayError } from '../gateway-error';

/** Delays are random, from 0 to these values, on the gateway's clock. They change the order of events. */
export interface Jitter {
  /** Before the function starts. */
  startDelayMs: number;
  /** Between the end of the function and its effect: the 101, the reply, the error frame. */
  replyDelayMs: number;
}

export interface Faults {
  connect: Jitter;
  message: Jitter;
  /** `$disconnect` is best effort on AWS: the shares (0 to 1) of events that are lost or delivered twice. */
  disconnect: Pick<Jitter, 'startDelayMs'> & { lose: number; duplicate: number };
  vanish: Vanishing;
}

/** A peer that disconnects without closing the socket: a pulled cable, a sleeping laptop. */
export interface Vanishing {
  /** Share (0 to 1) of the cut sockets that the gateway does not detect until a timer ends the connection. */
  share: number;
  /** The result of a POST to such a connection: 200 although the message is lost, or no answer. */
  posts: 'accepted' | 'hang';
  /** After this time, calls get 410. */
  goneAfterMs: number;
}

/** The option of the gateway: absent faults do not happen. */
export type FaultSettings = { [Kind in keyof Faults]?: Partial<Faults[Kind]> } & {
  /** Default 1. */
  seed?: number;
};

/** The fault of one event: how often its function runs, and the delays. */
export interface EventFault {
  runs: 0 | 1 | 2;
  startDelayMs: number;
  replyDelayMs: number;
}

type Decision = 'connect' | 'message' | 'disconnect' | 'vanish';

export class EventFaults {
  readonly faults: Faults;
  private readonly seed: number;
  private readonly counts = new Map<Decision, number>();

  constructor({ seed = 1, ...settings }: FaultSettings = {}) {
    this.seed = seed;
    const none: Jitter = { startDelayMs: 0, replyDelayMs: 0 };
    this.faults = {
      connect: { ...none, ...settings.connect },
      message: { ...none, ...settings.message },
      disconnect: { startDelayMs: 0, lose: 0, duplicate: 0, ...settings.disconnect },
      vanish: { share: 0, posts: 'accepted', goneAfterMs: 30_000, ...settings.vanish },
    };
    checkRanges(this.faults);
  }

  connect(): EventFault {
    return this.jitter('connect', this.faults.connect);
  }

  message(): EventFault {
    return this.jitter('message', this.faults.message);
  }

  disconnect(): EventFault {
    const { startDelayMs, lose, duplicate } = this.faults.disconnect;
    const [start, loss, duplication] = this.draw('disconnect');
    const runs = loss < lose ? 0 : duplication < duplicate ? 2 : 1;
    return { runs, startDelayMs: start * startDelayMs, replyDelayMs: 0 };
  }

  /** The fault of a connection whose socket was just cut, if it is not detected. */
  vanish(): Vanishing | undefined {
    const { vanish } = this.faults;
    const [chance] = this.draw('vanish');
    return chance < vanish.share ? { ...vanish } : undefined;
  }

  private jitter(kind: Decision, { startDelayMs, replyDelayMs }: Jitter): EventFault {
    const [start, reply] = this.draw(kind);
    return { runs: 1, startDelayMs: start * startDelayMs, replyDelayMs: reply * replyDelayMs };
  }

  /** Three numbers from 0 to below 1, which do not depend on the faults that are on. */
  private draw(decision: Decision): [number, number, number] {
    const count = (this.counts.get(decision) ?? 0) + 1;
    this.counts.set(decision, count);
    const bits = createHash('sha256').update(`${this.seed}/${decision}/${count}`).digest();
    const at = (index: number): number => bits.readUInt32BE(4 * index) / 2 ** 32;
    return [at(0), at(1), at(2)];
  }
}

function checkRanges(faults: Faults): void {
  for (const [kind, settings] of Object.entries(faults)) {
    for (const [name, value] of Object.entries(settings as Record<string, unknown>)) {
      if (name === 'posts' && (value === 'accepted' || value === 'hang')) continue;
      const limit = name.endsWith('Ms') ? Infinity : 1;
      if (typeof value === 'number' && value >= 0 && value <= limit) continue;
      throw new GatewayError(
        `The fault ${kind}.${name} cannot be ${String(value)}.`,
        'Shares go from 0 to 1; delays are milliseconds, 0 or more.',
      );
    }
  }
}
