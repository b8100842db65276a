/**
 * Counts what the calls of one environment cost, in work units: one unit is 10⁻⁶ dollars at the prices of docs/costs.md. An
 * environment serves one event at a time, so what is counted between two readings is that event's.
 */

/** A test compares them with the price list of the laptop gateway. */
export const workUnits = {
  /** A message of up to 32 KB, in or out. */
  message: 1,
  readUnit: 0.125,
  writeUnit: 0.625,
  /** A run of a function: the request, and its duration as docs/costs.md models it for a few posts. */
  invocation: 0.4,
} as const;

const messageBytes = 32_768;

export class WorkMeter {
  private total = 0;
  private store = 0;

  /** Since the last `reset`. */
  get units(): number {
    return this.total;
  }

  /** Of them, those of reads and writes. */
  get storeUnits(): number {
    return this.store;
  }

  reset(): void {
    this.total = 0;
    this.store = 0;
  }

  /** A message in or out. */
  message(text: string): void {
    this.total += unitsOfMessage(text);
  }

  readUnits(count: number): void {
    this.countStore(count * workUnits.readUnit);
  }

  writeUnits(count: number): void {
    this.countStore(count * workUnits.writeUnit);
  }

  /** A run that this one starts, with the messages that it sends; also this one itself. */
  invocation(unitsOfMessages = 0): void {
    this.total += workUnits.invocation + unitsOfMessages;
  }

  private countStore(units: number): void {
    this.total += units;
    this.store += units;
  }
}

export function unitsOfMessage(text: string): number {
  // No character has more than three bytes: most texts need not be measured.
  if (text.length * 3 <= messageBytes) return workUnits.message;
  return Math.ceil(Buffer.byteLength(text) / messageBytes) * workUnits.message;
}
