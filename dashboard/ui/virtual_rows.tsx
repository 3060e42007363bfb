// A long list of which only the visible rows are in the page.

import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useReducer, useRef } from 'preact/hooks';

interface RowsProps<T> {
  /** What the list is of. */
  readonly label: string;
  readonly items: readonly T[];
  /** The height of every row, pixels. */
  readonly height: number;
  readonly keyOf: (item: T) => string;
  readonly row: (item: T) => ComponentChildren;
  /** Called when the last rows come into sight. */
  readonly onEnd: () => void;
}

/** Rows of one height. */
export function VirtualRows<T>({ label, items, height, keyOf, row, onEnd }: RowsProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  const list = useRef<Virtualizer<HTMLDivElement, Element>>();
  const options = {
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(),
  };
  list.current ??= new Virtualizer(options);
  list.current.setOptions(options);
  useEffect(() => list.current?._didMount(), []);
  useEffect(() => list.current?._willUpdate());

  const visible = list.current.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  const isNearEnd = items.length > 0 && last >= items.length - 20;
  useEffect(() => {
    if (isNearEnd) onEnd();
  }, [isNearEnd, items.length]);

  return (
    <div ref={scroller} class="rows" tabIndex={0} role="list" aria-label={label}>
      <div class="rows-inside" style={{ height: `${list.current.getTotalSize()}px` }}>
        {visible.map(({ index, start }) => {
          const item = items[index];
          if (item === undefined) return null;
          return (
            <div
              key={keyOf(item)}
              role="listitem"
              aria-setsize={items.length}
              aria-posinset={index + 1}
              class="rows-row"
              style={{ transform: `translateY(${start}px)`, height: `${height}px` }}
            >
              {row(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
