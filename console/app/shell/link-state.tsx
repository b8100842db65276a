/** Whether the page hears the bus, and when it tries again. */
import { useEffect, useState } from 'preact/hooks';
import { link, linkError, nextTryAt } from '../source/buses';

const words = {
  connecting: 'Connecting',
  connected: 'Live',
  reconnecting: 'Reconnecting',
  refused: 'Refused',
} as const;

export function LinkState() {
  return (
    <div class={`link is-${link.value}`} role="status" title={linkError.value}>
      <span class="link-dot" aria-hidden="true" />
      {words[link.value]}
    </div>
  );
}

/** Over the view, while what it shows is not up to date. */
export function ReconnectBar() {
  const [, again] = useState(0);
  const { value: state } = link;
  useEffect(() => {
    if (state !== 'reconnecting') return undefined;
    const timer = setInterval(() => {
      again((times) => times + 1);
    }, 500);
    return () => {
      clearInterval(timer);
    };
  }, [state]);
  if (state === 'refused') {
    return (
      <div class="bar is-bad" role="alert">
        The bus refuses this console{linkError.value === undefined ? '' : `: ${linkError.value}`}. Reload the
        page to try again.
      </div>
    );
  }
  if (state !== 'reconnecting') return null;
  const seconds = Math.max(0, Math.ceil(((nextTryAt.value ?? 0) - Date.now()) / 1_000));
  return (
    <div class="bar" role="alert">
      <span class="spinner" aria-hidden="true" />
      The connection is lost{seconds > 0 ? `; next try in ${seconds} s` : '; trying now'}. What was missed
      will be read from the logs.
    </div>
  );
}
