/**
 * Connections in the order of a hash, as a ring: a run goes on from the place that the last one has reached. What is opened
 * meanwhile lies evenly around the ring, so it cannot keep the sweep from getting round.
 */
import { hash } from 'node:crypto';

const hexDigits = 12;
/** Places are whole numbers below it. */
export const ringSize = 16 ** hexDigits;

export function ringPlace(connectionId: string): number {
  return Number.parseInt(hash('sha256', connectionId).slice(0, hexDigits), 16);
}

/** From one place to another, in the direction of the sweep. */
export function ringDistance(from: number, to: number): number {
  return (to - from + ringSize) % ringSize;
}
