/**
 * Moves a cursor behind what every reader is through with; one write at a time, positions in between left out.
 */
import type { Position } from './cursor';
import type { LoggedMessage } from './feed';
import type { Message } from './messages';

interface Expected {
  readonly message: LoggedMessage;
  /** Readers that are not through with it. */
  left: number;
}

export class CursorWriter {
  private readonly expected: Expected[] = [];
  private wanted: Position | undefined;
  private saved: Position | undefined;
  private isSaving = false;

  constructor(
    private readonly save: (position: Position) => void | Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  expect(message: LoggedMessage, readers: number): void {
    this.expected.push({ message, left: readers });
  }

  done(message: Message): void {
    const entry = this.expected.find((expected) => expected.message === message);
    if (entry === undefined) return;
    entry.left -= 1;
    let last: LoggedMessage | undefined;
    while (this.expected[0]?.left === 0) last = this.expected.shift()?.message;
    if (last !== undefined) this.want({ epoch: last.epoch, sequence: last.sequence });
  }

  /** Everything up to here has come out of the feed; what no reader works on has been dealt with. */
  reached(position: Position): void {
    while (this.expected[0]?.left === 0) this.expected.shift();
    if (this.expected.length === 0) this.want(position);
  }

  private want(position: Position): void {
    this.wanted = position;
    if (!this.isSaving) void this.write();
  }

  private async write(): Promise<void> {
    this.isSaving = true;
    while (this.wanted !== undefined && !isSame(this.wanted, this.saved)) {
      const position = this.wanted;
      this.saved = position;
      try {
        await this.save(position);
      } catch (error) {
        this.failed(error);
      }
    }
    this.isSaving = false;
  }
}

function isSame(a: Position, b: Position | undefined): boolean {
  return a.sequence === b?.sequence && a.epoch === b.epoch;
}
