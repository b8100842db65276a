/** Draws the frames of expensive text messages: of every kind, with what makes them expensive. */
import { limits } from '../../protocol/index';
import {
  abilities,
  agedName,
  channelName,
  channelRows,
  contentOf,
  deepName,
  epoch,
  expiredName,
  type Prepared,
  worldClock,
} from './costly-world';

export type Frame = Readonly<Record<string, unknown>>;

/** As the clock of the world has it, so that the position is not too old. */
const emptyEpoch = `empty-${worldClock}`;

export class FrameDraw {
  private ids = 0;
  private readonly kinds: readonly (() => Frame)[];

  constructor(
    private readonly prepared: Prepared,
    private readonly random: () => number,
  ) {
    this.kinds = [
      () => this.message(),
      () => ({ id: this.id(), channel_id: this.log(), content: 1, retry: true }),
      () => this.direct(),
      () => this.hello(),
      () => this.subscription(),
      () => this.history(),
      () => this.update(),
      () => ({ type: 'presence', id: this.id(), query: this.pick([{}, { status: 'nobody' }]) }),
      () => this.ping(),
    ];
  }

  /** Of all kinds, or of one or two of them. */
  text(): readonly Frame[] {
    const some = this.random() < 0.5 ? this.kinds : [this.pick(this.kinds), this.pick(this.kinds)];
    return Array.from({ length: 1 + this.below(limits.batchFrames) }, () => this.pick(some)());
  }

  /** Draws one of its frames again, repeats one, or adds one. */
  change(frames: readonly Frame[]): readonly Frame[] {
    const changed = [...frames];
    const at = this.below(frames.length);
    const frame = this.below(2) === 0 ? this.pick(this.kinds)() : { ...this.pick(frames), id: this.id() };
    if (frames.length < limits.batchFrames && this.below(2) === 0) changed.splice(at, 0, frame);
    else changed[at] = frame;
    return changed;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  private message(): Frame {
    const length = this.pick([10, 1_000, 5_000, 30_000, 100_000]);
    return { id: this.id(), channel_id: this.log(), content: contentOf(length) };
  }

  private direct(): Frame {
    const to = `b${String(this.below(2 * this.prepared.agents))}`;
    return { id: this.id(), to, content: contentOf(this.pick([10, 5_000])) };
  }

  private hello(): Frame {
    const first = this.below(Math.max(1, this.prepared.channels - 99));
    const since = this.pick([{}, { epoch, sequence: 0 }, { epoch: emptyEpoch, sequence: 0 }]);
    const resume = Array.from({ length: this.pick([1, 20, 98]) }, (_, n) => ({
      channel_id: channelName(first + n),
      ...since,
    }));
    const inbox = { channel_id: '$inbox', handled: {} };
    const own = this.below(2) === 0 ? {} : { status: this.id(), capabilities: abilities(this.id()) };
    return {
      type: 'hello',
      id: this.id(),
      resume: this.below(2) === 0 ? resume : [...resume, inbox],
      ...own,
    };
  }

  private subscription(): Frame {
    const since = this.pick([undefined, { epoch, sequence: 1 }, { epoch: emptyEpoch, sequence: 0 }]);
    return { type: this.pick(['subscribe', 'unsubscribe']), id: this.id(), channel_id: this.log(), since };
  }

  private history(): Frame {
    const place = this.pick([
      {},
      { after: { epoch, sequence: 0 } },
      { after: { epoch: emptyEpoch, sequence: 0 } },
      { before: { epoch, sequence: channelRows } },
    ]);
    return { type: 'history', id: this.id(), channel_id: this.log(), limit: this.pick([1, 1_000]), ...place };
  }

  private update(): Frame {
    const capabilities = this.below(3) === 0 ? abilities(this.id()) : undefined;
    return { type: 'presence', id: this.id(), status: this.id(), capabilities };
  }

  private ping(): Frame {
    const inbox = { channel_id: '$inbox', handled: { epoch, sequence: this.below(9) } };
    const channels = Array.from({ length: this.pick([1, limits.pingChannels]) }, () =>
      this.below(9) === 0 ? inbox : { channel_id: this.channel() },
    );
    return { type: 'ping', id: this.id(), channels };
  }

  private log(): string {
    const deep = deepName(this.below(this.prepared.deepLogs));
    return this.pick([this.channel(), this.channel(), deep, deep, agedName, expiredName]);
  }

  private channel(): string {
    return channelName(this.below(this.prepared.channels));
  }

  private id(): string {
    return `m${String((this.ids += 1))}`;
  }

  private below(count: number): number {
    return Math.floor(this.random() * count);
  }
}
