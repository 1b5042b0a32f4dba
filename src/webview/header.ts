import * as l10n from '@vscode/l10n';
import type { Controls } from './controls';
import { changes, element, icon, iconButton, key, setText } from './dom';
import { level } from './format';
import { heardCount, isAcrossRuns } from './lane';
import type { Scene } from './scene';

export interface Header {
  readonly element: HTMLElement;
  update(scene: Scene): void;
}

/** What is compared, how it is played, how far one has come. */
export function header(controls: Controls, openHelp: () => void): Header {
  const title = element('h1');
  let firstTake = '';
  const open = iconButton('go-to-file', l10n.t('Open the run’s page'), () => controls.openRun(firstTake));
  const subtitle = element('span', { class: 'subtitle' });
  const target = element('span', { class: 'dim' });
  let matched = false;
  const match = toggle(l10n.t('Loudness matched'), 'M', () =>
    controls.dispatch({ type: 'match', on: !matched }),
  );
  match.insertBefore(target, match.lastElementChild);
  let overviewOpen = false;
  const overview = toggle(l10n.t('Overview'), 'O', () =>
    controls.dispatch({ type: 'overview', open: !overviewOpen }),
  );
  overview.prepend(icon('list-flat'));
  const progress = element(
    'span',
    { class: 'progress-bar', attributes: { 'aria-hidden': 'true' } },
    element('i'),
  );
  const count = element('span');
  const heard = element('div', { class: 'heard' }, progress, count);
  const help = iconButton('keyboard', l10n.t('All keys (?)'), openHelp);

  const drawHeard = (done: number, total: number): void => {
    setText(count, l10n.t('heard {0} / {1}', done, total));
    const bar = progress.firstElementChild;
    if (bar instanceof HTMLElement) bar.style.width = `${total > 0 ? (100 * done) / total : 0}%`;
    progress.hidden = total === 0;
  };
  const countChanged = changes();

  return {
    element: element(
      'header',
      { class: 'header' },
      element('div', { class: 'titles' }, title, open, subtitle),
      element('div', { class: 'header-controls' }, match, overview, heard, help),
    ),
    update: (next) => {
      const { page } = next;
      const takes = page.comparison?.takes ?? [];
      firstTake = takes[0]?.id ?? '';
      open.hidden = !takes.length || isAcrossRuns(takes);
      setText(title, page.comparison?.title ?? '');
      setText(subtitle, page.comparison?.subtitle ?? '');
      subtitle.title = page.comparison?.subtitle ?? '';
      matched = page.loudnessMatch;
      match.setAttribute('aria-pressed', String(matched));
      setText(target, next.target === null ? '' : `${level(next.target)} LUFS`);
      overviewOpen = page.overview;
      overview.setAttribute('aria-pressed', String(overviewOpen));
      if (!countChanged(page.comparison, page.heardHere)) return;
      const { heard: done, total } = heardCount(page);
      drawHeard(done, total);
    },
  };
}

function toggle(label: string, shortcut: string, onClick: () => void): HTMLButtonElement {
  const made = element(
    'button',
    { class: 'toggle', attributes: { type: 'button' } },
    element('span', { text: label }),
    key(shortcut),
  );
  made.addEventListener('click', onClick);
  return made;
}
