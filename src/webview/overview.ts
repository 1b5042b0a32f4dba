import * as l10n from '@vscode/l10n';
import type { PromptView } from '../protocol';
import type { Controls } from './controls';
import { changes, element, setText } from './dom';
import { isAcrossRuns, lanesOf, shownTakes } from './lane';
import { filteredPrompts } from './navigate';
import { overviewRow, type OverviewRow } from './overviewRow';
import type { Scene } from './scene';
import { onThemeChange, readTakeColours, takeClass } from './takeColours';
import { virtualList } from './virtualList';

export interface Overview {
  readonly element: HTMLElement;
  update(scene: Scene): void;
  focus(): void;
}

const ROW_PIXELS = 46;

/** Every clip at a glance: a row a prompt, a column a take. A click goes there and plays. */
export function overview(controls: Controls): Overview {
  const head = element('div', { class: 'overview-head', attributes: { role: 'row' } });
  const scroller = element('div', { class: 'overview-rows', attributes: { role: 'rowgroup' } });
  const grid = element(
    'div',
    {
      class: 'overview-grid',
      attributes: { role: 'grid', tabindex: '0', 'aria-label': l10n.t('All clips') },
    },
    element('div', { attributes: { role: 'rowgroup' } }, head),
    scroller,
  );
  const made = new WeakMap<HTMLElement, OverviewRow>();
  let colours = readTakeColours();
  let scene: Scene | null = null;
  let shown: readonly PromptView[] = [];

  const play = (prompt: string, take: string): void =>
    controls.showMoment({ prompt, take, second: prompt === scene?.page.prompt ? null : 0 }, true);

  const rows = virtualList({
    scroller,
    estimate: ROW_PIXELS,
    fixed: true,
    render: (index, old) => {
      const row = old === null ? overviewRow(play) : made.get(old);
      const prompt = shown[index];
      if (row === undefined || prompt === undefined || scene === null) return old ?? element('div');
      made.set(row.element, row);
      row.update(prompt, index, scene, colours);
      return row.element;
    },
    onRange: (first, last) => controls.inView(shown.slice(first, last + 1).map((prompt) => prompt.id)),
  });

  grid.addEventListener('keydown', (event) => {
    if (scene === null || event.ctrlKey || event.altKey || event.metaKey) return;
    const { page } = scene;
    const takes = shownTakes(page);
    const row = shown.findIndex((prompt) => prompt.id === page.prompt);
    const column = takes.findIndex((take) => take.id === page.take);
    const [down, right] =
      { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [];
    if (event.key === 'Enter' && page.prompt !== null && page.take !== null) {
      event.preventDefault();
      play(page.prompt, page.take);
    }
    if (down === undefined || right === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const prompt = shown[Math.min(shown.length - 1, Math.max(0, row + down))];
    const take = takes[Math.min(takes.length - 1, Math.max(0, column + right))];
    if (prompt !== undefined && prompt.id !== page.prompt) controls.choosePrompt(prompt.id);
    if (take !== undefined && take.id !== page.take) controls.chooseTake(take.id);
  });
  onThemeChange(() => {
    colours = readTakeColours();
    rows.update(shown.length);
  });
  new ResizeObserver(() => {
    // The heads stand over their columns whatever the scroll bar takes.
    head.style.paddingRight = `${16 + scroller.offsetWidth - scroller.clientWidth}px`;
    rows.update(shown.length);
  }).observe(scroller);

  const [listChanged, headChanged, rowsChanged, placeChanged] = [changes(), changes(), changes(), changes()];
  return {
    element: element('div', { class: 'overview' }, grid),
    focus: () => grid.focus(),
    update: (next) => {
      scene = next;
      const { page, analyses, player } = next;
      if (listChanged(page.filter, page.comparison, page.hidden)) shown = filteredPrompts(page);
      if (headChanged(page.comparison, page.hidden, shown.length)) drawHead(head, next, shown.length);
      if (rowsChanged(shown, page, analyses, player)) rows.update(shown.length);
      const at = shown.findIndex((prompt) => prompt.id === page.prompt);
      if (placeChanged(page.prompt, page.filter, at >= 0) && at >= 0) rows.scrollTo(at);
      grid.setAttribute('aria-rowcount', String(shown.length + 1));
      const column = shownTakes(page).findIndex((take) => take.id === page.take);
      grid.setAttribute('aria-activedescendant', `cell-${at}-${column}`);
    },
  };
}

function drawHead(head: HTMLElement, { page }: Scene, shown: number): void {
  const total = page.comparison?.prompts.length ?? 0;
  const lanes = lanesOf(page, null);
  const across = isAcrossRuns(page.comparison?.takes ?? []);
  head.style.setProperty('--take-count', String(lanes.length));
  head.replaceChildren(
    element('div', {
      class: 'overview-corner',
      text: shown === total ? l10n.t('Prompt') : l10n.t('Prompt: {0} of {1} pass the filter', shown, total),
      attributes: { role: 'columnheader' },
    }),
    ...lanes.map((lane) => {
      const cell = element('div', {
        class: `overview-take ${takeClass(lane.colour)}`,
        attributes: { role: 'columnheader' },
      });
      const name = element('span', { class: 'lane-name' });
      setText(name, lane.take.name);
      cell.append(name, element('span', { class: 'dim', text: across ? lane.take.run : lane.take.detail }));
      cell.title = lane.take.label;
      return cell;
    }),
  );
}
