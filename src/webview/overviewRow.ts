import * as l10n from '@vscode/l10n';
import type { PromptView } from '../protocol';
import { element, setText } from './dom';
import { isHeard, lanesOf, type Lane } from './lane';
import type { Scene } from './scene';
import { takeClass, type TakeColours } from './takeColours';
import { drawWaveform } from './waveform';

export interface OverviewRow {
  readonly element: HTMLElement;
  update(prompt: PromptView, index: number, scene: Scene, colours: TakeColours): void;
}

/** CSS pixels, as comparison.css lays the cells out. */
const CELL_GAP = 8;

/** One prompt: its words and a small waveform a take, all on one canvas. */
export function overviewRow(play: (prompt: string, take: string) => void): OverviewRow {
  const number = element('span', { class: 'prompt-number' });
  const text = element('span', { class: 'prompt-text' });
  const head = element('div', { class: 'overview-prompt', attributes: { role: 'rowheader' } }, number, text);
  const canvas = element('canvas', { class: 'overview-canvas', attributes: { 'aria-hidden': 'true' } });
  const row = element('div', { class: 'overview-row', attributes: { role: 'row' } }, head, canvas);
  const context = canvas.getContext('2d');
  let cells: HTMLElement[] = [];
  let painted = '';

  row.addEventListener('click', (event) => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('.overview-cell') : null;
    const { prompt, take } = cell?.dataset ?? {};
    if (prompt !== undefined && take !== undefined) play(prompt, take);
  });

  const paint = (lanes: readonly Lane[], { analyses }: Scene, colours: TakeColours): void => {
    if (context === null) return;
    const scale = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = canvas;
    const signature = [
      clientWidth,
      clientHeight,
      scale,
      colours.foreground,
      ...lanes.map(
        (lane) => `${lane.clip?.id} ${analyses.has(lane.clip?.id ?? '')} ${colours.wave(lane.colour)}`,
      ),
    ].join('|');
    if (signature === painted || clientWidth === 0) return;
    painted = signature;
    canvas.width = Math.round(clientWidth * scale);
    canvas.height = Math.round(clientHeight * scale);
    const width = (canvas.width - CELL_GAP * scale * (lanes.length - 1)) / lanes.length;
    lanes.forEach((lane, i) => {
      const peaks = analyses.get(lane.clip?.id ?? '')?.peaks ?? null;
      if (peaks === null) return;
      const x = Math.round(i * (width + CELL_GAP * scale));
      const box = { x, y: 2 * scale, width: Math.floor(width), height: canvas.height - 4 * scale };
      drawWaveform(context, peaks, box, {
        colour: colours.wave(lane.colour),
        opacity: 0.85,
        bar: Math.max(1, Math.round(scale)),
        gap: Math.max(1, Math.round(scale)),
      });
    });
  };

  return {
    element: row,
    update: (prompt, index, scene, colours) => {
      const { page } = scene;
      const lanes = lanesOf(page, prompt.id);
      row.setAttribute('aria-rowindex', String(index + 2));
      row.style.setProperty('--take-count', String(lanes.length));
      row.classList.toggle('chosen', prompt.id === page.prompt);
      setText(number, String(prompt.number));
      setText(text, prompt.text);
      head.title = prompt.text;
      if (cells.length !== lanes.length) {
        for (const cell of cells) cell.remove();
        cells = lanes.map(() => element('div', { attributes: { role: 'gridcell' } }));
        row.append(...cells);
      }
      lanes.forEach((lane, i) => {
        const cell = cells[i];
        if (cell !== undefined) fillCell(cell, lane, prompt, scene, `cell-${index}-${i}`);
      });
      paint(lanes, scene, colours);
    },
  };
}

function fillCell(
  cell: HTMLElement,
  lane: Lane,
  prompt: PromptView,
  { page, player }: Scene,
  id: string,
): void {
  const { clip, take } = lane;
  const absent = clip === undefined || clip.uri === null;
  const chosen = prompt.id === page.prompt && take.id === page.take;
  const heard = clip !== undefined && isHeard(page, clip);
  cell.id = id;
  cell.style.gridColumn = String(lane.number + 1);
  cell.dataset['prompt'] = prompt.id;
  cell.dataset['take'] = take.id;
  const marks = [
    chosen ? 'chosen' : '',
    chosen && player === 'playing' ? 'sounding' : '',
    heard ? 'heard' : '',
  ];
  cell.className = `overview-cell ${takeClass(lane.colour)} ${marks.join(' ')}${absent ? ' absent' : ''}`;
  cell.setAttribute('aria-selected', String(chosen));
  const words = absent ? l10n.t('no clip') : heard ? l10n.t('heard') : l10n.t('not heard');
  cell.setAttribute('aria-label', `${take.label}, ${words}`);
  cell.title = `${take.label} · ${clip?.problem ?? words}`;
  setText(cell, absent ? l10n.t('no clip') : '');
}
