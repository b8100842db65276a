/**
 * Moves a cursor behind what every reader is through with; one write at a time, positions in between left out. One for each
 * channel as long as the client lives: a handler may work on when its stream has ended.
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
  /** The cursor had a position and could not read it, and the user does not know yet. */
  isLost = false;
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

  /** Where the next stream goes on; `undefined` when the cursor has the word. */
  get unsaved(): Position | undefined {
    return this.#came === this.#saved ? undefined : this.#came;
  }

  expect(message: LoggedMessage, readers: number): void {
    const { epoch, sequence } = message;
    this.#came = { epoch, sequence };
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
  reached(position = this.#came): void {
    this.#came = position;
    this.update();
  }

  /** What nobody has read, and what is behind it, comes again. */
  rewind(): void {
    const first = this.slots.find(({ waits }) => waits);
    if (!first) return;
    this.#came = before(first);
    this.slots.splice(this.slots.indexOf(first));
  }

  /** Goes as far as everything is handled. */
  update(): void {
    const [first] = this.slots;
    const position = first ? before(first) : this.#came;
    const { epoch, sequence } = this.position ?? {};
    if (!position || (position.sequence === sequence && position.epoch === epoch)) return;
    this.position = position;
    this.#moved?.();
    if (!this.#isSaving) this.settled = this.#write();
  }

  async #write(): Promise<void> {
    this.#isSaving = true;
    for (let tried; this.position && this.position !== tried;) {
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

function before({ epoch, from }: Slot): Position {
  return { epoch, sequence: from - 1 };
}
