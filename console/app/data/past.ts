/**
 * Older messages of several channels as one list. Each channel is read backwards, page by page. A message is shown only when
 * no channel can still have a newer one that is not read yet, so that the list has no holes.
 */
import { signal } from '@preact/signals';
import type { Message, PubSub } from '@artcafe/pubsub';
import { Row } from './rows';

const pageSize = 60;
const channelConcurrency = 6;

interface Reading {
  rows: Row[];
  before: { readonly epoch: string; readonly sequence: number } | undefined;
  isDone: boolean;
}

export class Past {
  readonly isLoading = signal(false);
  readonly isComplete = signal(false);
  readonly error = signal<string | undefined>(undefined);
  readonly #readings = new Map<string, Reading>();

  constructor(private readonly bus: () => PubSub) {}

  /** Reads one more page of the channels whose oldest read message is the newest. Gives all rows that may be shown, newest first. */
  async more(channels: readonly string[]): Promise<readonly Row[]> {
    this.isLoading.value = true;
    try {
      const readings = channels.map((name) => [name, this.#reading(name)] as const);
      const horizon = horizonOf(readings.map(([, reading]) => reading));
      const due = readings.filter(([, reading]) => !reading.isDone && oldest(reading) >= horizon);
      for (let index = 0; index < due.length; index += channelConcurrency)
        await Promise.all(
          due.slice(index, index + channelConcurrency).map(([name, reading]) => this.#read(name, reading)),
        );
      this.error.value = undefined;
    } catch (error) {
      this.error.value = error instanceof Error ? error.message : String(error);
    } finally {
      this.isLoading.value = false;
    }
    return this.rows(channels);
  }

  rows(channels: readonly string[]): readonly Row[] {
    const readings = channels.map((name) => this.#reading(name));
    const horizon = horizonOf(readings);
    this.isComplete.value = readings.every(({ isDone }) => isDone);
    return readings
      .flatMap(({ rows }) => rows)
      .filter(({ message }) => message.timestamp >= horizon)
      .sort(
        (a, b) =>
          b.message.timestamp - a.message.timestamp || (b.message.sequence ?? 0) - (a.message.sequence ?? 0),
      );
  }

  #reading(name: string): Reading {
    let reading = this.#readings.get(name);
    if (reading === undefined) {
      reading = { rows: [], before: undefined, isDone: false };
      this.#readings.set(name, reading);
    }
    return reading;
  }

  async #read(name: string, reading: Reading): Promise<void> {
    const page: Message[] = [];
    const { before } = reading;
    for await (const message of this.bus()
      .channel(name)
      .history({ limit: pageSize, ...(before !== undefined && { before }) }))
      page.push(message);
    const last = page.at(-1);
    reading.rows.push(...page.map((message) => new Row(message, undefined)));
    if (last?.epoch !== undefined && last.sequence !== undefined)
      reading.before = { epoch: last.epoch, sequence: last.sequence };
    reading.isDone = page.length < pageSize;
  }
}

function oldest({ rows }: Reading): number {
  return rows.at(-1)?.message.timestamp ?? Infinity;
}

/** Above it the list is without holes. */
function horizonOf(readings: readonly Reading[]): number {
  return Math.max(-Infinity, ...readings.filter(({ isDone }) => !isDone).map(oldest));
}
