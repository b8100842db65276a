/**
 * Signs of the platform that the connection may have died without a word: the network changed, the page came back, or the
 * machine slept. They may be wrong, so each only makes the client look.
 */
import type { Cancel, Timers } from '../shared/timers';

/** How often to look whether time has jumped. Costs nothing but a wake-up of a process that is awake. */
const tickMs = 2_000;
const sleepMs = 10_000;
/** Browsers run the timers of a hidden page once a minute. */
const hiddenMs = 70_000;

type Listener = (event: { readonly type: string }) => void;
interface Target {
  addEventListener?(name: string, listener: Listener): void;
  removeEventListener?(name: string, listener: Listener): void;
}
interface Page extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
}

export interface Hints {
  /** Whether time has jumped: the machine has slept, or its clock was set. */
  readonly isLate: () => boolean;
  readonly stop: Cancel;
}

/** Calls `hinted` at each sign, until it is stopped. */
export function watchHints(timers: Timers, hinted: () => void): Hints {
  const page = globalThis as Page;
  const { document } = page;
  const isHidden = (): boolean => document?.visibilityState === 'hidden';
  const noticed = ({ type }: { readonly type: string }): void => {
    if (type !== 'visibilitychange' || !isHidden()) hinted();
  };
  const sources: readonly (readonly [Target | undefined, string])[] = [
    [page, 'online'],
    [page, 'offline'],
    [page, 'pageshow'],
    [document, 'visibilitychange'],
  ];
  for (const [target, name] of sources) target?.addEventListener?.(name, noticed);
  let cancel: Cancel;
  let due: number;
  const isLate = (): boolean => timers.now() - due >= (isHidden() ? hiddenMs : sleepMs);
  const tick = (): void => {
    due = timers.now() + tickMs;
    cancel = timers.after(tickMs, () => {
      const wasLate = isLate();
      tick();
      if (wasLate) hinted();
    });
  };
  tick();
  const stop = (): void => {
    cancel();
    for (const [target, name] of sources) target?.removeEventListener?.(name, noticed);
  };
  return { isLate, stop };
}
