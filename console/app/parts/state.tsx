/** What stands in place of a list that is empty, loading or failed. */
import type { ComponentChildren } from 'preact';

interface Props {
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Empty({ title, children }: Props) {
  return (
    <div class="state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ title }: { readonly title: string }) {
  return (
    <div class="state" role="status">
      <span class="spinner" aria-hidden="true" />
      <h2>{title}</h2>
    </div>
  );
}

export function Failed({ title, reason }: { readonly title: string; readonly reason: string }) {
  return (
    <div class="state" role="alert">
      <span class="state-mark">!</span>
      <h2>{title}</h2>
      <p class="quiet">{reason}</p>
    </div>
  );
}
