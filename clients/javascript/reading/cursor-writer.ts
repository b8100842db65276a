/**
 * Moves a cursor behind what every reader is through with; one write at a time, positions in between left out.
 */
import type { Position } from '../shared/cursor';
import type { LoggedMessage } from './feed';
import type { Message } from '../shared/messages';

/** A message that is not handled, or a range of several that are in the log only. */
export interface Slot {
  readonly epoch: string;
  from: number;
  to: number;
  message?: LoggedMessage | undefined;
  /** Readers that have it and are not through with it. */
  readers: number;
  /** Whether it waits for another reader, and how much memory it takes meanwhile. */
  waits?: boolean;
  bytes?: number;
}

export class CursorWriter {
  /** In the order of the log. */
  readonly slots: Slot[] = [];
  /** Everything up to here is handled. */
  position: Position | undefined;
  /** Settles when no save is under way. */
  settled = Promise.resolve();
  #came: Position | undefined;
  #saved: Position | undefined;
  #isSaving = false;
  #isFailing = false;
  readonly #save: (position: Position) => void | Promise<void>;
  readonly #failed: (error: unknown) => void;
  readonly #moved: (() => void) | undefined;

  constructor(
    save: (position: Position) => void | Promise<void>,
    failed: (error: unknown) => void,
    moved?: () => void,
  ) {
    this.#save = save;
    this.#failed = failed;
    this.#moved = moved;
  }

  expect(message: LoggedMessage, readers: number): void {
    const { epoch, sequence } = message;
    if (readers > 0) this.insert({ epoch, from: sequence, to: sequence, message, readers });
  }

  insert(slot: Slot): void {
    this.slots.splice(this.placeOf(slot), 0, slot);
  }

  /** Where it belongs: behind all that is earlier, or of another epoch. */
  placeOf({ epoch, from }: Pick<Slot, 'epoch' | 'from'>): number {
    return this.slots.findLastIndex((slot) => slot.epoch !== epoch || slot.from < from) + 1;
  }

  /** A reader is through with the message; `waits`: without having read it, and there is no other. */
  done({ epoch, sequence }: Message, waits = false): void {
    const slot = this.slots.find((each) => each.from === sequence && each.epoch === epoch);
    if (!slot) return;
    slot.readers -= 1;
    if (waits) slot.waits = true;
    this.clean(slot);
  }

  /** Takes it away when it is handled. */
  clean(slot: Slot): void {
    if (slot.readers > 0 || slot.waits) return;
    this.slots.splice(this.slots.indexOf(slot), 1);
    this.update();
  }

  /** Everything up to here has come out of the feed. */
  reached(position: Position): void {
    this.#came = position;
    this.update();
  }

  /** Goes as far as everything is handled. */
  update(): void {
    const [first] = this.slots;
    const position = first ? { epoch: first.epoch, sequence: first.from - 1 } : this.#came;
    if (position === undefined || isSame(position, this.position)) return;
    this.position = position;
    this.#moved?.();
    if (!this.#isSaving) this.settled = this.#write();
  }

  async #write(): Promise<void> {
    this.#isSaving = true;
    let tried: Position | undefined;
    while (this.position && this.position !== tried && !isSame(this.position, this.#saved)) {
      tried = this.position;
      try {
        await this.#save(tried);
        this.#saved = tried;
        this.#isFailing = false;
      } catch (error) {
        // A full disk is one piece of news, however many messages come meanwhile.
        if (!this.#isFailing) this.#failed(error);
        this.#isFailing = true;
      }
    }
    this.#isSaving = false;
  }
}

function isSame(a: Position, b: Position | undefined): boolean {
  return a.sequence === b?.sequence && a.epoch === b.epoch;
}
