/** What messages and requests cost on a deployed stack. Read only while a view shows it, because AWS bills each search. */
import { signal } from '@preact/signals';
import { type CostPoint, readCost } from '../source/deployed-log';

export type DeployedCost = { readonly points: readonly CostPoint[] } | { readonly error: string };

/** `undefined` until the server has answered. */
export const deployedCost = signal<DeployedCost | undefined>(undefined);

/** The server has a new step every five minutes, and searches no sooner. */
const everyMs = 60_000;

/** Reads now and again until the returned function is called; not while the page is in the background. */
export function followDeployedCost(): () => void {
  const read = async (): Promise<void> => {
    if (document.visibilityState === 'hidden') return;
    try {
      deployedCost.value = { points: await readCost() };
    } catch (error) {
      deployedCost.value = { error: error instanceof Error ? error.message : String(error) };
    }
  };
  void read();
  const timer = setInterval(() => void read(), everyMs);
  return () => {
    clearInterval(timer);
  };
}
