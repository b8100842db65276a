/**
 * Moves a cursor behind what every reader is through with; one write at a time, positions in between left out.
 */
import type { Position } from './cursor';
import type { LoggedMessage } from './feed';
import type { Message } from './messages';

interface Open {
  readonly message: LoggedMessage;
  /** Readers that are not through with it. */
  left: number;
}

export class CursorWriter {
  /** Messages that readers have and are not through with, in the order of the log. */
  private readonly open: Open[] = [];
  private came: Position | undefined;
  private wanted: Position | undefined;
  private saved: Position | undefined;
  private isSaving = false;
  private written = Promise.resolve();
  private isFailing = false;

  constructor(
    private readonly save: (position: Position) => void | Promise<void>,
    private readonly failed: (error: unknown) => void,
    /** The first message that waits for a reader. */
    private readonly waiting: () => Position | undefined = () => undefined,
    private readonly moved: () => void = () => undefined,
  ) {}

  /** Settles when no save is under way. */
  get settled(): Promise<void> {
    return this.written;
  }

  /** Everything up to here is handled. */
  get position(): Position | undefined {
    return this.wanted;
  }

  expect(message: LoggedMessage, readers: number): void {
    if (readers === 0) return;
    const { open } = this;
    let index = open.length;
    while ((open[index - 1]?.message.sequence ?? 0) > message.sequence) index -= 1;
    open.splice(index, 0, { message, left: readers });
  }

  done(message: Message): void {
    const index = this.open.findIndex((each) => each.message === message);
    const entry = this.open[index];
    if (entry === undefined || --entry.left > 0) return;
    this.open.splice(index, 1);
    if (index === 0) this.update();
  }

  /** Everything up to here has come out of the feed. */
  reached(position: Position): void {
    this.came = position;
    this.update();
  }

  /** Goes as far as nothing is open or waits. */
  update(): void {
    const waiting = this.waiting();
    const open = this.open[0]?.message;
    const first = open && !(waiting && waiting.sequence < open.sequence) ? open : waiting;
    const position = first ? { epoch: first.epoch, sequence: first.sequence - 1 } : this.came;
    if (position && !isSame(position, this.wanted)) this.want(position);
  }

  private want(position: Position): void {
    this.wanted = position;
    this.moved();
    if (!this.isSaving) this.written = this.write();
  }

  private async write(): Promise<void> {
    this.isSaving = true;
    let tried: Position | undefined;
    while (this.wanted !== undefined && this.wanted !== tried && !isSame(this.wanted, this.saved)) {
      tried = this.wanted;
      try {
        await this.save(tried);
        this.saved = tried;
        this.isFailing = false;
      } catch (error) {
        // A full disk is one piece of news, however many messages come meanwhile.
        if (!this.isFailing) this.failed(error);
        this.isFailing = true;
      }
    }
    this.isSaving = false;
  }
}

function isSame(a: Position, b: Position | undefined): boolean {
  return a.sequence === b?.sequence && a.epoch === b.epoch;
}
