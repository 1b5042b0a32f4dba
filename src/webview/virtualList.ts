/** The only file that knows @tanstack/virtual-core: rows that exist only while they are near the visible part. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { element } from './dom';

export interface VirtualListOptions {
  /** Scrolls; gets one child that is as tall as all rows. */
  readonly scroller: HTMLElement;
  /** Height of a row before it is measured, in CSS pixels. */
  readonly estimate: number;
  /** Rows are of one height: measuring them would only cost. */
  readonly fixed?: boolean;
  /** Makes or fills the row of an index; `row` is what it made for that index before, if it still exists. */
  readonly render: (index: number, row: HTMLElement | null) => HTMLElement;
  /** The range of rows that are in view has become another. */
  readonly onRange?: (first: number, last: number) => void;
}

export interface VirtualList {
  /** Draws again with this many rows; rows that exist are filled again. */
  update(count: number): void;
  scrollTo(index: number): void;
  /** The body that holds the rows. */
  readonly body: HTMLElement;
}

export function virtualList(options: VirtualListOptions): VirtualList {
  const body = element('div', { class: 'virtual-body', attributes: { role: 'presentation' } });
  options.scroller.append(body);
  const rows = new Map<number, HTMLElement>();
  let count = 0;
  let range = '';
  let height = -1;

  const base = {
    getScrollElement: () => options.scroller,
    estimateSize: () => options.estimate,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    overscan: 6,
    onChange: () => draw(false),
  };
  const virtualizer = new Virtualizer<HTMLElement, HTMLElement>({ ...base, count });
  virtualizer._didMount();
  virtualizer._willUpdate();

  function place(item: VirtualItem, refill: boolean): void {
    const old = rows.get(item.index) ?? null;
    const row = old === null || refill ? options.render(item.index, old) : old;
    if (row !== old) {
      old?.remove();
      row.dataset['index'] = String(item.index);
      rows.set(item.index, row);
      body.append(row);
      if (options.fixed !== true) virtualizer.measureElement(row);
    }
    row.style.transform = `translateY(${item.start}px)`;
  }

  function draw(refill: boolean): void {
    const items = virtualizer.getVirtualItems();
    const wanted = new Set(items.map((item) => item.index));
    for (const [index, row] of rows) {
      if (wanted.has(index)) continue;
      row.remove();
      rows.delete(index);
    }
    for (const item of items) place(item, refill);
    const total = virtualizer.getTotalSize();
    if (total !== height) {
      height = total;
      body.style.height = `${total}px`;
    }
    const first = virtualizer.range?.startIndex ?? 0;
    const last = virtualizer.range?.endIndex ?? -1;
    if (`${first}-${last}` === range) return;
    range = `${first}-${last}`;
    options.onRange?.(first, last);
  }

  return {
    body,
    update: (next) => {
      if (next !== count) {
        count = next;
        virtualizer.setOptions({ ...base, count });
        virtualizer._willUpdate();
        virtualizer.measure();
      }
      draw(true);
    },
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  };
}
