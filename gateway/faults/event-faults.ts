/**
 * What may go wrong on AWS, or come in another order, to be switched on by tests: shares and delays by kind of event.
 * Every decision follows from the seed, the kind and the number of the event, so that a run can be repeated.
 */
import { createHash } from 'node:crypto';
import { GatewayError } from '../gateway-error';

/** Delays are drawn evenly from 0 up to these, on the gateway's clock; together they put events in another order. */
export interface Jitter {
  /** Before the function starts. */
  startDelayMs: number;
  /** Between the end of the function and what follows from it: the 101, the reply, the error frame. */
  replyDelayMs: number;
}

export interface Faults {
  connect: Jitter;
  message: Jitter;
  /** `$disconnect` is best effort on AWS: shares (0 to 1) of the ends that are never told, or told twice. */
  disconnect: Pick<Jitter, 'startDelayMs'> & { lose: number; duplicate: number };
  vanish: Vanishing;
}

/** A peer that goes without a word: a pulled cable, a laptop that falls asleep. */
export interface Vanishing {
  /** Share (0 to 1) of the cut sockets of which the gateway learns nothing until a timer ends the connection. */
  share: number;
  /** What a POST to such a connection meets: 200 although nobody reads it, or no answer at all. */
  posts: 'accepted' | 'hang';
  /** From then on calls about it are answered with 410. */
  goneAfterMs: number;
}

/** Faults as an option: what is left out does not happen. */
export type FaultSettings = { [Kind in keyof Faults]?: Partial<Faults[Kind]> } & {
  /** Default 1. */
  seed?: number;
};

/** What happens to one event. */
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

  /** How a connection whose socket was just cut stays on unnoticed, if it does. */
  vanish(): Vanishing | undefined {
    const { vanish } = this.faults;
    const [chance] = this.draw('vanish');
    return chance < vanish.share ? { ...vanish } : undefined;
  }

  private jitter(kind: Decision, { startDelayMs, replyDelayMs }: Jitter): EventFault {
    const [start, reply] = this.draw(kind);
    return { runs: 1, startDelayMs: start * startDelayMs, replyDelayMs: reply * replyDelayMs };
  }

  /** Three numbers from 0 to below 1, the same ones whatever faults are on. */
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
