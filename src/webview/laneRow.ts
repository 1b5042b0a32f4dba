import * as l10n from '@vscode/l10n';
import type { Controls } from './controls';
import { element, icon, iconButton, key, setText } from './dom';
import { gain, level } from './format';
import type { LaneScene } from './scene';
import { takeClass } from './takeColours';

export interface LaneRow {
  readonly element: HTMLElement;
  /** The radio that chooses the take. */
  readonly radio: HTMLElement;
  /** Where the waveform is seen and pointed at. */
  readonly wave: HTMLElement;
  update(
    lane: LaneScene,
    scene: { chosen: boolean; sounding: boolean; canHide: boolean; matched: boolean },
  ): void;
}

/** One take: who it is, its waveform's place, its loudness. */
export function laneRow(take: string, controls: Controls): LaneRow {
  const number = key('');
  const name = element('span', { class: 'lane-name' });
  const speaker = icon('unmute');
  speaker.classList.add('lane-speaker');
  const detail = element('div', { class: 'lane-detail' });
  const radio = element(
    'div',
    { class: 'lane-label', attributes: { role: 'radio' } },
    element('div', { class: 'lane-head' }, number, name, speaker),
    detail,
  );
  radio.addEventListener('click', () => controls.chooseTake(take));
  const hide = iconButton('eye', '', () => controls.dispatch({ type: 'hide', take, hidden: true }));
  hide.classList.add('lane-hide');
  const notice = element('div', { class: 'lane-notice' });
  const wave = element('div', { class: 'lane-wave' }, notice);
  const loudness = element('div');
  const attenuation = element('div');
  const numbers = element('div', { class: 'lane-numbers' }, loudness, attenuation);
  const row = element('div', { class: 'lane' }, radio, wave, numbers, hide);

  return {
    element: row,
    radio,
    wave,
    update: (lane, { chosen, sounding, canHide, matched }) => {
      row.className = `lane ${takeClass(lane.colour)}${chosen ? ' chosen' : ''}${lane.status === 'silent' ? ' silent' : ''}`;
      setText(number, lane.number <= 9 ? String(lane.number) : '·');
      setText(name, lane.take.name);
      name.title = lane.take.label;
      speaker.hidden = !sounding;
      setText(detail, lane.take.detail);
      detail.title = lane.take.detail;
      radio.setAttribute('aria-checked', String(chosen));
      radio.tabIndex = chosen ? 0 : -1;
      radio.setAttribute('aria-label', spokenName(lane));
      const hideName = l10n.t('Put away {0}', lane.take.label);
      hide.title = hideName;
      hide.setAttribute('aria-label', hideName);
      hide.hidden = !canHide;
      setText(notice, lane.status === 'reading' ? l10n.t('Reading the clip…') : (lane.notice ?? ''));
      notice.className = `lane-notice ${lane.status}`;
      setText(loudness, loudnessText(lane));
      setText(
        attenuation,
        matched && (lane.analysis?.loudness ?? null) !== null ? `${gain(lane.gainDb)} dB` : '',
      );
    },
  };
}

function loudnessText(lane: LaneScene): string {
  if (lane.status !== 'ready' || lane.analysis === undefined) return '';
  return lane.analysis.loudness === null ? l10n.t('silent') : `${level(lane.analysis.loudness)} LUFS`;
}

function spokenName(lane: LaneScene): string {
  return [lane.take.label, lane.take.detail, lane.notice ?? ''].filter((part) => part !== '').join(', ');
}
