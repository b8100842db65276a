/** A long list of rows of one height, of which only those on the screen exist. Arrow keys move, Enter opens. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

interface Props<Item> {
  readonly items: readonly Item[];
  readonly rowHeight: number;
  readonly keyOf: (item: Item) => string;
  readonly row: (item: Item) => ComponentChildren;
  readonly label: string;
  readonly open: (item: Item) => void;
  readonly openKey?: string | undefined;
  /** Called when the end is near. */
  readonly nearEnd?: () => void;
  /** Called with whether the first row is in sight. */
  readonly atTop?: (isAtTop: boolean) => void;
  readonly footer?: ComponentChildren;
}

const overscan = 6;

export function VirtualList<Item>(props: Props<Item>) {
  const { items, rowHeight, keyOf, row, label, open, openKey, nearEnd, atTop, footer } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [active, setActive] = useState<string | undefined>(undefined);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = (): void => {
      setView({ top: element.scrollTop, height: element.clientHeight });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => {
      observer.disconnect();
    };
  }, []);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  const isNearEnd = last >= items.length;
  useEffect(() => {
    if (isNearEnd) nearEnd?.();
  }, [isNearEnd, items.length]);

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    atTop?.(element.scrollTop < rowHeight / 2);
  };

  const move = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: 10,
      PageUp: -10,
    };
    const step = steps[event.key];
    const at = items.findIndex((item) => keyOf(item) === active);
    const chosen = items[at];
    if (event.key === 'Enter' && chosen !== undefined) open(chosen);
    else if (step === undefined) return;
    else {
      const next = Math.min(items.length - 1, Math.max(0, at + step));
      const item = items[next];
      if (item !== undefined) setActive(keyOf(item));
      show(box.current, next, rowHeight);
    }
    event.preventDefault();
  };

  const activeIndex = active === undefined ? -1 : items.findIndex((item) => keyOf(item) === active);
  return (
    <div
      class="list"
      ref={box}
      tabIndex={0}
      role="listbox"
      aria-label={label}
      aria-activedescendant={activeIndex >= first && activeIndex < last ? `row-${activeIndex}` : undefined}
      onScroll={onScroll}
      onFocus={() => {
        const item = items[first];
        if (active === undefined && item !== undefined) setActive(keyOf(item));
      }}
      onKeyDown={move}
    >
      <div class="list-space" role="presentation" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, offset) => {
          const key = keyOf(item);
          const index = first + offset;
          return (
            <div
              key={key}
              id={`row-${index}`}
              role="option"
              aria-selected={key === openKey}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              class={`row ${key === active ? 'is-active' : ''}`}
              style={{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` }}
              onClick={() => {
                setActive(key);
                open(item);
              }}
            >
              {row(item)}
            </div>
          );
        })}
      </div>
      {footer}
    </div>
  );
}

function show(box: HTMLElement | null, index: number, rowHeight: number): void {
  if (box === null) return;
  const top = index * rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = top + rowHeight - box.clientHeight;
}
