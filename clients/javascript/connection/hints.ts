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

/** Calls `hinted` at each sign. What it gives ends that. */
export function watchHints(timers: Timers, hinted: () => void): Cancel {
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
  const tick = (): void => {
    const due = timers.date() + tickMs;
    cancel = timers.after(tickMs, () => {
      tick();
      // The machine has slept, or its clock was set.
      if (timers.date() - due >= (isHidden() ? hiddenMs : sleepMs)) hinted();
    });
  };
  tick();
  return () => {
    cancel();
    for (const [target, name] of sources) target?.removeEventListener?.(name, noticed);
  };
}
