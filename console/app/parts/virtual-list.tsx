/** A long list of rows of one height, of which only those on the screen exist. Arrow keys move, Enter opens. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, RefObject } from 'preact';

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

interface View {
  readonly top: number;
  readonly height: number;
}

export function VirtualList<Item>(props: Props<Item>) {
  const { items, rowHeight, keyOf, label, open, nearEnd, atTop, footer } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useView(box);
  const [active, setActive] = useState<string | undefined>(undefined);
  const { first, last } = rowsIn(view, rowHeight, items.length);
  useEffect(() => {
    if (last >= items.length) nearEnd?.();
  }, [last >= items.length, items.length]);

  const activate = (item: Item | undefined): void => {
    if (item !== undefined) setActive(keyOf(item));
  };
  const onScroll = (): void => {
    const { scrollTop: top = 0, clientHeight: height = 0 } = box.current ?? {};
    setView({ top, height });
    atTop?.(top < rowHeight / 2);
  };

  const move = (event: KeyboardEvent): void => {
    const step = steps[event.key];
    const at = items.findIndex((item) => keyOf(item) === active);
    const chosen = items[at];
    if (event.key === 'Enter' && chosen !== undefined) open(chosen);
    else if (step === undefined) return;
    else {
      const next = Math.min(items.length - 1, Math.max(0, at + step));
      activate(items[next]);
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
        if (active === undefined) activate(items[first]);
      }}
      onKeyDown={move}
    >
      <Rows {...props} {...{ first, last, active, setActive }} />
      {footer}
    </div>
  );
}

const steps: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 10,
  PageUp: -10,
};

/** Indices of the rows to make, `last` excluded. */
function rowsIn({ top, height }: View, rowHeight: number, all: number): { first: number; last: number } {
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  return { first, last: Math.min(all, Math.ceil((top + height) / rowHeight) + overscan) };
}

/** What of the box is in sight; measured again when its size changes. */
function useView(box: RefObject<HTMLDivElement | null>): [View, (view: View) => void] {
  const [view, setView] = useState<View>({ top: 0, height: 600 });
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
  return [view, setView];
}

interface RowsProps<Item> extends Props<Item> {
  readonly first: number;
  readonly last: number;
  readonly active: string | undefined;
  readonly setActive: (key: string) => void;
}

function Rows<Item>(props: RowsProps<Item>) {
  const { items, rowHeight, keyOf, row, open, openKey, first, last, active, setActive } = props;
  return (
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
  );
}

function show(box: HTMLElement | null, index: number, rowHeight: number): void {
  if (box === null) return;
  const top = index * rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = top + rowHeight - box.clientHeight;
}
