/**
 * The list of messages: live ones as they come, older ones from the logs. While it is held, it stays as it is and new
 * messages wait.
 */
import { computed, signal } from '@preact/signals';
import type { Row } from './rows';
import { matcher } from './rows';

/** Live rows that are kept; as many again wait while held. */
const kept = 5_000;
const flushMs = 100;

export class Feed {
  /** Newest first. */
  readonly shown = signal<readonly Row[]>([]);
  readonly waiting = signal(0);
  /** Live messages that came while the list was held for so long that they were not kept. */
  readonly skipped = signal(0);
  readonly held = signal(false);
  readonly query = signal('');
  readonly channel = signal<string | undefined>(undefined);
  readonly isFiltered = computed(() => this.query.value.trim() !== '' || this.channel.value !== undefined);
  /** All that is kept, oldest first: live, and from the logs. */
  #live: Row[] = [];
  #older: readonly Row[] = [];
  #fresh: Row[] = [];
  readonly #keys = new Set<string>();
  #isFlushing = false;

  add(row: Row): void {
    if (this.#keys.has(row.key)) return;
    if (this.held.value && this.#fresh.length >= kept) {
      this.skipped.value += 1;
      return;
    }
    this.#keys.add(row.key);
    this.#fresh.push(row);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setTimeout(() => {
      this.#isFlushing = false;
      this.#flush();
    }, flushMs);
  }

  hold(isHeld: boolean): void {
    if (this.held.value === isHeld) return;
    this.held.value = isHeld;
    if (!isHeld) {
      this.skipped.value = 0;
      this.#flush();
    }
  }

  filter(query: string, channel: string | undefined): void {
    this.query.value = query;
    this.channel.value = channel;
    this.#render();
  }

  /** Rows of the logs, newest first: all that is older than what came live. */
  setOlder(rows: readonly Row[]): void {
    this.#older = rows.filter(({ key }) => !this.#keys.has(key));
    this.#render();
  }

  find(key: string): Row | undefined {
    return [...this.#live, ...this.#fresh, ...this.#older].find((row) => row.key === key);
  }

  #flush(): void {
    if (this.held.value) {
      this.waiting.value = this.#fresh.length;
      return;
    }
    this.waiting.value = 0;
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#live.push(...fresh);
    for (const { key } of this.#live.splice(0, Math.max(0, this.#live.length - kept))) this.#keys.delete(key);
    const matches = matcher(this.query.value, this.channel.value);
    const added = fresh.filter(matches).reverse();
    if (added.length > 0)
      this.shown.value = [...added, ...this.shown.value].slice(0, kept + this.#older.length);
  }

  #render(): void {
    const matches = matcher(this.query.value, this.channel.value);
    this.shown.value = [...this.#live.filter(matches).reverse(), ...this.#older.filter(matches)];
  }
}
