/**
 * What a browser's page has and Node has not: events of the window and of its document.
 */

class FakeDocument extends EventTarget {
  visibilityState: 'visible' | 'hidden' = 'visible';
}

export interface FakePage {
  readonly document: FakeDocument;
  /** At the window, or at the document for its own event. */
  tell(name: 'online' | 'offline' | 'pageshow' | 'visibilitychange'): void;
  /** Listeners that are there. */
  readonly listeners: () => number;
  remove(): void;
}

/** The globals are there until `remove()`. */
export function fakePage(): FakePage {
  const window = new EventTarget();
  const document = new FakeDocument();
  let listeners = 0;
  for (const target of [window, document]) {
    const add = target.addEventListener.bind(target);
    const remove = target.removeEventListener.bind(target);
    target.addEventListener = (name: string, listener: (event: Event) => void) => {
      listeners += 1;
      add(name, listener);
    };
    target.removeEventListener = (name: string, listener: (event: Event) => void) => {
      listeners -= 1;
      remove(name, listener);
    };
  }
  const globals = {
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
    document,
  };
  Object.assign(globalThis, globals);
  return {
    document,
    tell: (name) => (name === 'visibilitychange' ? document : window).dispatchEvent(new Event(name)),
    listeners: () => listeners,
    remove: () => {
      for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
    },
  };
}
