import * as l10n from '@vscode/l10n';
import type { Controls } from './controls';
import { element, icon, onChange, setText } from './dom';
import { clock, level } from './format';
import type { Scene } from './scene';
import type { Loop } from './state';
import { button } from './toolkit';

export interface Transport {
  readonly element: HTMLElement;
  update(scene: Scene): void;
  moveTime(second: number): void;
}

/** Shorter waits need no word. */
const PATIENCE_MS = 150;

/** Play, prompts, time, loop. */
export function transport(controls: Controls): Transport {
  const previous = button({
    label: l10n.t('Previous prompt'),
    icon: 'chevron-up',
    key: 'K',
    iconOnly: true,
    onClick: () => controls.stepPrompt(-1),
  });
  const play = button({
    label: l10n.t('Play'),
    icon: 'play',
    key: l10n.t('Space'),
    primary: true,
    onClick: () => controls.toggle(),
  });
  play.element.classList.add('play');
  const next = button({
    label: l10n.t('Next prompt'),
    icon: 'chevron-down',
    key: 'J',
    iconOnly: true,
    onClick: () => controls.stepPrompt(1),
  });
  const now = element('span', { class: 'time-now' });
  const end = element('span', { class: 'time-end' });
  const time = element('div', { class: 'time', attributes: { role: 'timer', 'aria-live': 'off' } }, now, end);
  const waiting = element('div', { class: 'waiting', attributes: { role: 'status' } });
  const loop = button({
    label: l10n.t('Loop'),
    icon: 'sync',
    key: 'L',
    onClick: () => controls.toggleLoop(),
  });
  const unheard = button({
    label: l10n.t('Next unheard'),
    icon: 'debug-step-over',
    key: 'U',
    onClick: () => controls.nextUnheard(),
  });
  const bar = element(
    'div',
    { class: 'transport', attributes: { role: 'toolbar', 'aria-label': l10n.t('Playback') } },
    element('div', { class: 'transport-group' }, previous.element, play.element, next.element),
    time,
    waiting,
    element('div', { class: 'transport-group right' }, loop.element, unheard.element),
  );

  let patience: ReturnType<typeof setTimeout> | undefined;
  const say = onChange((words: string, sign: Sign) => {
    clearTimeout(patience);
    const show = (): void => {
      waiting.classList.toggle('asks', sign === 'unmute');
      waiting.replaceChildren(...(words === '' ? [] : [signIcon(sign), element('span', { text: words })]));
    };
    if (words === '' || sign !== 'loading') show();
    else patience = setTimeout(show, PATIENCE_MS);
  });
  const showLoop = onChange((marked: Loop | null) => {
    loop.setLabel(
      marked === null ? l10n.t('Loop') : l10n.t('Loop {0}–{1} s', level(marked.from), level(marked.to)),
    );
    loop.setPressed(marked?.on === true);
    loop.element.classList.toggle('on', marked?.on === true);
  });

  return {
    element: bar,
    update: (scene) => {
      const { player } = scene;
      const goes = player === 'playing' || scene.awaited;
      play.setIcon(goes ? 'debug-pause' : 'play');
      play.setLabel(goes ? l10n.t('Pause') : l10n.t('Play'));
      play.setDisabled(scene.lane === undefined);
      setText(end, ` / ${clock(scene.duration)}`);
      showLoop(scene.page.loop);
      say(waitingFor(scene), signOf(scene));
    },
    moveTime: (second) => setText(now, clock(second)),
  };
}

function waitingFor({ player, awaited, lane, page }: Scene): string {
  if (player === 'blocked') return l10n.t('Click or press Space once to let the editor play sound.');
  if (!awaited || lane === undefined) return '';
  if (lane.status === 'silent') return l10n.t('Nothing to play for {0} here.', lane.take.label);
  if (lane.status === 'reading') return l10n.t('Waiting for the file to be read…');
  return page.comparison?.remote === true
    ? l10n.t('Fetching the audio from the remote machine…')
    : l10n.t('Loading the audio…');
}

/** Sound is asked for, there is nothing to wait for, or it is on its way. */
type Sign = 'unmute' | 'info' | 'loading';

function signOf({ player, lane }: Scene): Sign {
  if (player === 'blocked') return 'unmute';
  return lane?.status === 'silent' ? 'info' : 'loading';
}

function signIcon(sign: Sign): HTMLElement {
  const made = icon(sign);
  made.classList.toggle('codicon-modifier-spin', sign === 'loading');
  return made;
}
