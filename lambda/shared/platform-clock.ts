/**
 * The time as the platform tells it with each event, and as the machine's monotonic clock goes on from there: what a function
 * decides and writes down depends on no clock of its own machine.
 */
import type { Clock, EventClock } from './ports';

export class PlatformClock implements EventClock {
  private eventAt: number;
  private eventStartedAt: number;

  constructor(private readonly machine: Clock) {
    this.eventAt = machine.now();
    this.eventStartedAt = machine.monotonic();
  }

  startEvent(at: number | undefined): void {
    // An event without a time comes from a deployment that did not write one.
    this.eventAt = at ?? this.machine.now();
    this.eventStartedAt = this.machine.monotonic();
  }

  now(): number {
    return this.eventAt + this.machine.monotonic() - this.eventStartedAt;
  }

  monotonic(): number {
    return this.machine.monotonic();
  }

  sleep(ms: number): Promise<void> {
    return this.machine.sleep(ms);
  }

  random(): number {
    return this.machine.random();
  }
}
