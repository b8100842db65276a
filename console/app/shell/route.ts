/** The page's place: the view, and what is open in it. It is in the address, so that it can be shared and gone back to. */
import { signal } from '@preact/signals';

export const views = ['overview', 'messages', 'agents', 'channels', 'faults'] as const;
export type View = (typeof views)[number];

export interface Route {
  readonly view: View;
  /** A channel or an agent. */
  readonly id: string | undefined;
}

export const route = signal<Route>(read());

function read(): Route {
  const [, view = '', id = ''] = location.hash.split('/');
  return {
    view: views.find((each) => each === view) ?? 'overview',
    id: id === '' ? undefined : decoded(id),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

addEventListener('hashchange', () => {
  route.value = read();
});

export function href(view: View, id?: string): string {
  return `#/${view}${id === undefined ? '' : `/${encodeURIComponent(id)}`}`;
}

export function go(view: View, id?: string): void {
  location.hash = href(view, id);
}
