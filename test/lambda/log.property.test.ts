/**
 * Random lives of one log: publishers side by side, every step in any order; events that the platform delivers twice, and retries
 * that are sent while the first attempt is under way; puts whose answers get lost, that come in late or never,
 * or that the function does not survive; readers who look now and then; and time that passes, until rows expire and are deleted
 * in any order. What is written stands in a book that nothing expires from.
 */
import fc from 'fast-check';
import { MemoryHistoryStore } from '../doubles/memory-history-store';
import { claim, type Claim, type Claimed } from '../../lambda/log/claim';
import { Deadline } from '../../lambda/shared/deadline';
import { gapsIn } from '../../lambda/log/gaps';
import { headOf } from '../../lambda/log/head';
import { type Arrival, LogTail } from '../../lambda/log/log-tail';
import type { MessageRow, PutOutcome } from '../../lambda/shared/stores/history-store';
import { recover } from '../../lambda/log/recover';
import type { Position } from '../../protocol/index';
import { collect } from '../contract/collect';
import { FakeClock, FakeLog } from './world';

const subject = 't/channel/c';
const hour = 3_600_000;
const retentionMs = 4 * hour;

type Fault = 'none' | 'answer lost' | 'never in' | 'late' | 'crash before' | 'crash after' | 'crash, late';
class Crash extends Error {}

interface Round {
  /** How much time passes before it. */
  readonly pause: number;
  /** Which of the rows that may be deleted are. */
  readonly deleted: readonly boolean[];
  readonly publishers: number;
  /** Of the puts, as they come. */
  readonly faults: readonly Fault[];
  /** Of the text messages, as they come: how often it is delivered, and whether its sender waits for the end of it. */
  readonly deliveries: readonly { readonly times: number; readonly isPatient: boolean }[];
  readonly isLookedAt: boolean;
}

const faults = fc.constantFrom<Fault[]>(
  ...([
    'none',
    'none',
    'none',
    'answer lost',
    'never in',
    'late',
    'crash before',
    'crash after',
    'crash, late',
  ] as const),
);
const pauses = [0, 1_000, retentionMs / 4, retentionMs / 2, retentionMs - 60, retentionMs, 1.3 * retentionMs];
const round: fc.Arbitrary<Round> = fc.record({
  pause: fc.constantFrom(...pauses, 2 * retentionMs, 12 * retentionMs),
  deleted: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
  publishers: fc.integer({ min: 0, max: 4 }),
  faults: fc.array(faults, { maxLength: 12 }),
  deliveries: fc.array(fc.record({ times: fc.constantFrom(1, 1, 2, 3), isPatient: fc.boolean() }), {
    maxLength: 6,
  }),
  isLookedAt: fc.boolean(),
});

class Life {
  readonly clock = new FakeClock();
  readonly history = new MemoryHistoryStore();
  /** Every row that ever was, in the order of the writes. */
  readonly book: MessageRow[] = [];
  readonly acknowledged: { readonly id: string; readonly claimed: Claimed }[] = [];
  readonly positions: { position: Position; written: number }[] = [];
  recovered = 0;
  duplicates = 0;
  private deliveries: Round['deliveries'][number][] = [];
  private faults: Fault[] = [];
  private late: Promise<unknown>[] = [];
  private ids = 0;

  constructor(private readonly scheduler: fc.Scheduler) {
    const { history } = this;
    const inner = { head: history.head.bind(history), put: history.tryPut.bind(history) };
    const range = history.range.bind(history);
    const newestFirst = history.newestFirst.bind(history);
    history.head = async (key) => (await this.turn(), inner.head(key));
    history.range = async function* (this: Life, key: string, bounds: { after: number; upTo?: number }) {
      await this.turn();
      yield* range(key, bounds);
    }.bind(this);
    history.newestFirst = async function* (this: Life, key: string) {
      await this.turn();
      yield* newestFirst(key);
    }.bind(this);
    const put = async (key: string, row: MessageRow): Promise<PutOutcome> => {
      const outcome = await inner.put(key, row);
      if (outcome === 'written') this.book.push(row);
      return outcome;
    };
    history.tryPut = async (key, row) => {
      const fault = this.faults.shift() ?? 'none';
      await this.turn();
      if (fault === 'crash before') throw new Crash();
      if (fault === 'never in') return 'unclear';
      if (fault === 'late' || fault === 'crash, late') {
        this.late.push(this.turn().then(() => put(key, row)));
        if (fault === 'late') return 'unclear';
        throw new Crash();
      }
      const outcome = await put(key, row);
      await this.turn();
      if (fault === 'crash after') throw new Crash();
      return fault === 'answer lost' ? 'unclear' : outcome;
    };
  }

  async live({ pause, deleted, publishers, faults, deliveries, isLookedAt }: Round): Promise<void> {
    this.clock.time += pause;
    this.expire(deleted);
    this.faults = [...faults];
    this.deliveries = [...deliveries];
    const publications = Promise.all(Array.from({ length: publishers }, () => this.publishUntilKnown()));
    await this.scheduler.waitFor(publications);
    for (let late = this.late.splice(0); late.length > 0; late = this.late.splice(0))
      await this.scheduler.waitFor(Promise.all(late));
    if (isLookedAt) await this.readHead();
  }

  private turn(): Promise<unknown> {
    return this.scheduler.schedule(Promise.resolve());
  }

  /** The store's duty: no row goes before an hour after its expiry, and then in any order; item 0 a day after its own. */
  private expire(deleted: readonly boolean[]): void {
    const now = this.clock.time;
    for (const [index, { sequence, expiresAt }] of this.history.rows(subject).entries()) {
      if (expiresAt + hour < now && deleted[index % deleted.length] === true) {
        this.history.delete(subject, sequence);
      }
    }
    const isMarkOld = this.positions.length > 0 && this.markExpiry + 24 * hour < now;
    if (isMarkOld && deleted[0] === true) this.history.delete(subject, 0);
  }

  private markExpiry = 0;

  /** As a careful client: after an unclear end, or when it has waited long enough, it says `retry`, until it knows. */
  private async publishUntilKnown(): Promise<void> {
    const id = `m${String((this.ids += 1))}`;
    for (let isRetry = false; ; isRetry = true) {
      const { times, isPatient } = this.deliveries.shift() ?? { times: 1, isPatient: true };
      const arrival = { agentId: 'a', requestId: `${id}-${String(isRetry)}`, sentAt: this.clock.time };
      const message: Claim = { id, index: 0, isRetry, body: `"${id}"`, retentionMs };
      const ends = Array.from({ length: times }, () => this.publish(arrival, message));
      const end = Promise.all(ends);
      this.late.push(end);
      const known = isPatient ? (await end).find(Boolean) : await Promise.race([ends[0], this.turn()]);
      if (known !== undefined) return;
    }
  }

  private async publish(arrival: Arrival, message: Claim): Promise<Claimed | undefined> {
    const deps = { history: this.history, clock: this.clock, newId: () => `new-${String((this.ids += 1))}` };
    const deadline = new Deadline(this.clock, this.clock.time + 4_000);
    try {
      const claimed = await claim(deps, new LogTail(deps, subject, arrival), message, deadline);
      if (claimed !== undefined) this.acknowledged.push({ id: message.id, claimed });
      return claimed;
    } catch (error) {
      if (error instanceof Crash) return undefined;
      throw error;
    }
  }

  /** A reader takes a position, and those who took one before come back with theirs. */
  private async readHead(): Promise<void> {
    const deps = { history: this.history, clock: this.clock, log: new FakeLog(), retentionMs };
    const stored = this.scheduler.waitFor.bind(this.scheduler);
    for (const { position, written } of this.positions) {
      const { head, recovered, after } = await stored(recover(deps, subject, position));
      if (!recovered) continue;
      const bounds = { after, upTo: head.sequence };
      const rows = await stored(collect(this.history.range(subject, bounds)));
      if (gapsIn(after, rows, this.clock.time, head.sequence).length > 0) continue;
      this.recovered += 1;
      expect(rows).toEqual(this.book.slice(written));
    }
    this.positions.push({ position: await stored(headOf(deps, subject)), written: this.book.length });
    this.markExpiry = (await this.history.checkpoint(subject))?.expiresAt ?? 0;
  }

  check(): void {
    const lastOf = new Map<string, number>();
    for (const { epoch, sequence } of this.book) {
      // Rising by one within an epoch, hence no hole, and no position twice.
      const last = lastOf.get(epoch);
      if (last !== undefined) expect(sequence).toBe(last + 1);
      lastOf.set(epoch, sequence);
    }
    for (const { id, claimed } of this.acknowledged) {
      const { position, timestamp } = claimed;
      const copies = this.book.filter((row) => row.id === id);
      expect(copies).toMatchObject([{ ...position, timestamp }]);
      if (claimed.status === 'duplicate') this.duplicates += 1;
    }
    const times = this.book.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(this.book.map(({ id }) => id)).size).toBe(this.book.length);
  }
}

test('no hole, no message lost or twice, and no resume that misses something unnoticed', async () => {
  let recovered = 0;
  let epochs = 0;
  let duplicates = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(round, { minLength: 2, maxLength: 8 }),
      async (scheduler, rounds) => {
        const life = new Life(scheduler);
        for (const each of rounds) await life.live(each);
        life.check();
        recovered += life.recovered;
        duplicates += life.duplicates;
        epochs += new Set(life.book.map(({ epoch }) => epoch)).size;
      },
    ),
    { numRuns: 300 },
  );
  // The lives were not all dull ones.
  expect(recovered).toBeGreaterThan(50);
  expect(epochs).toBeGreaterThan(300);
  expect(duplicates).toBeGreaterThan(300);
});
