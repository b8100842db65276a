/**
 * The way from the platform to one socket: what is posted takes a moment, and arrives in the order of the posts.
 */
import type { VirtualTime } from './virtual-time';

const maxMs = 5;
/** Between two frames of one moment. */
const stepMs = 0.001;

export class Downlink {
  private lastArrival = 0;

  constructor(private readonly time: VirtualTime) {}

  arrive(run: () => void): void {
    const { time } = this;
    this.lastArrival = Math.max(this.lastArrival + stepMs, time.moment + time.random() * maxMs);
    time.at(this.lastArrival, run);
  }
}
