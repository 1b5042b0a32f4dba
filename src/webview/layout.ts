import * as l10n from '@vscode/l10n';
import type { Controls } from './controls';
import { element, icon } from './dom';
import { footer } from './footer';
import { header } from './header';
import { help } from './help';
import { lanes } from './lanes';
import { noteEditor } from './noteEditor';
import { noteList } from './noteList';
import { overview } from './overview';
import { problems } from './problems';
import { promptHead } from './promptHead';
import { promptList } from './promptList';
import type { Scene } from './scene';
import { transport } from './transport';
import { button } from './toolkit';

export interface Layout {
  draw(scene: Scene): void;
  /** Puts everything that follows the sound at this second. */
  move(second: number): void;
  announce(text: string): void;
  focusNote(): void;
  focusFilter(): void;
  focusOverview(): void;
  openHelp(): void;
}

/** Below this width, prompts, lanes and notes stand under each other. */
export const NARROW = '(max-width: 700px)';

/** The whole page, built once; drawn again and again. */
export function layout(root: HTMLElement, controls: Controls): Layout {
  const keys = help();
  const top = header(controls, () => keys.open());
  const banner = problems();
  const list = promptList(controls);
  const head = promptHead(controls);
  const takes = lanes(controls);
  const grid = overview(controls);
  const bar = transport(controls);
  const editor = noteEditor(controls);
  const notes = noteList(controls, () => editor.focus());
  const bottom = footer(() => keys.open());
  const live = element('div', {
    class: 'hidden-text',
    attributes: { 'aria-live': 'polite', role: 'status' },
  });
  const empty = element('div', { class: 'empty' });
  const stage = element('div', { class: 'stage' }, head.element, takes.element);
  const main = element('main', { class: 'main' }, empty, stage, grid.element, bar.element);
  const paste = button({ label: l10n.t('Paste remarks…'), onClick: () => controls.pasteRemarks() });
  const open = button({ label: l10n.t('Open notes file'), onClick: () => controls.openNotes() });
  const column = element(
    'aside',
    { class: 'notes', attributes: { 'aria-label': l10n.t('Notes') } },
    editor.element,
    notes.element,
    element('div', { class: 'notes-foot' }, paste.element, open.element),
  );
  const side = element(
    'nav',
    { class: 'side', attributes: { 'aria-label': l10n.t('Prompts') } },
    list.element,
  );
  root.className = 'app';
  root.replaceChildren(top.element, banner.element, side, main, column, bottom.element, keys.element, live);

  const narrow = matchMedia(NARROW);
  const fit = (): void => {
    if (list.element instanceof HTMLDetailsElement) list.element.open = !narrow.matches;
  };
  narrow.addEventListener('change', fit);
  fit();

  return {
    draw: (scene) => {
      const { page } = scene;
      const words = emptyWords(scene);
      root.classList.toggle('overview-open', page.overview && words === null);
      root.classList.toggle('is-empty', words !== null);
      drawEmpty(empty, words);
      top.update(scene);
      banner.update(page.comparison?.problems ?? []);
      list.update(page);
      head.update(page);
      takes.update(scene);
      if (page.overview && words === null) grid.update(scene);
      bar.update(scene);
      editor.update(page);
      notes.update(page);
      bottom.update(scene.lanes.length);
    },
    move: (second) => {
      takes.movePlayhead(second);
      bar.moveTime(second);
    },
    announce: (text) => {
      // The same words once more are said only if they were gone in between.
      live.textContent = '';
      live.textContent = text;
    },
    focusNote: () => editor.focus(),
    focusFilter: () => list.focusFilter(),
    focusOverview: () => grid.focus(),
    openHelp: () => keys.open(),
  };
}

function drawEmpty(empty: HTMLElement, words: string | null): void {
  empty.hidden = words === null;
  if (words === null || empty.textContent === words) return;
  empty.replaceChildren(icon('unmute'), element('p', { text: words }));
}

function emptyWords({ page }: Scene): string | null {
  const { comparison } = page;
  if (comparison === null) return l10n.t('Waiting for VS Code to read the evaluation…');
  if (comparison.prompts.length && comparison.takes.length) return null;
  return l10n.t(
    'No clips here yet. They show up by themselves as soon as the evaluation writes them; or choose another evaluation with “Earmark: Compare Outputs…” from the command palette.',
  );
}
