/** The loss of a run: the curve, what it says in words, and its points as a table. */
import * as l10n from '@vscode/l10n';
import type { RunState } from '../protocol';
import { changes, element, setText } from './dom';
import { lossChart } from './lossChart';
import { lowest, thinned } from './lossPoints';
import { nothing, section, table } from './runPageSections';

/** More rows than this are no table but a file. */
const MOST_POINTS = 200;

type Points = RunState['train'];

export interface LossSection {
  readonly element: HTMLElement;
  update(state: RunState): void;
}

export function lossSection(language: string): LossSection {
  const chart = lossChart(language);
  const words = element('p', { class: 'dim' });
  const none = nothing(l10n.t('The files tell no loss yet. It appears here as it is logged.'));
  const body = element('div', { class: 'points' });
  const details = element('details', {}, element('summary', { text: l10n.t('The points as a table') }), body);
  const there = element('div', {}, chart.element, words, details);
  let train: Points = [];
  let valid: Points = [];

  const drawTable = (): void => {
    if (!details.open) return;
    body.replaceChildren(
      ...pointTable(l10n.t('valid loss'), valid, language),
      ...pointTable(l10n.t('train loss'), train, language),
    );
  };
  details.addEventListener('toggle', drawTable);
  const changed = changes();
  const draw = (): void => {
    there.hidden = train.length + valid.length === 0;
    none.hidden = !there.hidden;
    setText(words, sentences(train, valid, language));
    chart.update({ train, valid });
    drawTable();
  };
  return {
    element: element('div', { class: 'slot' }, section('loss', l10n.t('Loss'), none, there)),
    update: (state) => {
      ({ train, valid } = state);
      if (changed(JSON.stringify([train, valid]))) draw();
    },
  };
}

function sentences(train: Points, valid: Points, language: string): string {
  const best = lowest(valid);
  const broken = [...train, ...valid].filter((point) => point.loss === null).length;
  return [
    ...(best === null
      ? []
      : [
          l10n.t(
            'Lowest valid loss {0} at step {1}.',
            best.loss.toFixed(4),
            best.step.toLocaleString(language),
          ),
        ]),
    ...(broken === 0 ? [] : [l10n.t('Points that are no finite number and leave a gap: {0}.', broken)]),
    l10n.t('Drag over the curve to look closer; double-click for the whole.'),
  ].join(' ');
}

function pointTable(title: string, points: Points, language: string): HTMLElement[] {
  if (points.length === 0) return [];
  const rows = thinned(points, MOST_POINTS).map(({ step, epoch, loss }) => [
    step.toLocaleString(language),
    epoch === null ? '–' : epoch.toLocaleString(language, { maximumFractionDigits: 2 }),
    loss === null ? '–' : loss.toFixed(4),
  ]);
  const made = table([l10n.t('step'), l10n.t('epoch'), title], rows, 'figures');
  if (rows.length === points.length) return [made];
  return [made, nothing(l10n.t('{0} of {1} points, evenly spread.', rows.length, points.length))];
}
