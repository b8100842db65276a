/**
 * Marks log lines for the audit log: a subscription copies the marked ones. Under attack only some of each kind are marked, and
 * the next one says how many were not, so that strangers can't fill the log.
 */
import type { Clock, LogFields } from '../shared/ports';

/** Of one kind, in one environment of a function, in a second. */
const linesPerSecond = 20;

export class AuditMarks {
  private readonly kinds = new Map<string, { second: number; lines: number; skipped: number }>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** Fields for the line. `kind`: lines of one kind are counted together. */
  for(kind: string): LogFields {
    const second = Math.floor(this.clock.monotonic() / 1_000);
    const state = this.kinds.get(kind) ?? { second, lines: 0, skipped: 0 };
    this.kinds.set(kind, state);
    if (state.second !== second) Object.assign(state, { second, lines: 0 });
    state.lines += 1;
    if (state.lines > linesPerSecond) {
      state.skipped += 1;
      return {};
    }
    const { skipped } = state;
    state.skipped = 0;
    return { audit: true, ...(skipped > 0 && { skipped }) };
  }
}
