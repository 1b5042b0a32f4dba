/** The loss curves of a run. The only file that knows uPlot. */
import * as l10n from '@vscode/l10n';
import UPlot from 'uplot';
import type { RunState } from '../protocol';
import { element, setText } from './dom';
import { curvesOf, digitsOf, lossRange, UNIFORM_LOSS, type Curves } from './lossPoints';

export interface LossChart {
  readonly element: HTMLElement;
  update(points: Pick<RunState, 'train' | 'valid'>): void;
}

const HEIGHT = 280;

/** Curves of train and valid loss over steps. Its colours are run.css's `--loss-…`, read again when the theme changes. */
export function lossChart(language: string): LossChart {
  const readout = {
    step: element('span', { class: 'loss-step' }),
    train: element('span', { class: 'loss-value' }),
    valid: element('span', { class: 'loss-value' }),
  };
  const entry = (kind: 'train' | 'valid', name: string): HTMLElement =>
    element(
      'span',
      { class: `loss-entry ${kind}` },
      element('span', { class: 'loss-mark' }),
      `${name} `,
      readout[kind],
    );
  // The points are in the table below; the moving figures would only chatter.
  const legend = element(
    'div',
    { class: 'loss-legend', attributes: { 'aria-hidden': 'true' } },
    entry('train', l10n.t('train')),
    entry('valid', l10n.t('valid')),
    readout.step,
  );
  const plot = element('div', { class: 'loss-plot', attributes: { role: 'img' } });
  let chart: UPlot | null = null;
  let curves: Curves = { steps: [], train: [], valid: [] };

  const show = (index: number | null): void => {
    const at = (values: Curves['train']): number | null | undefined =>
      index === null ? values.findLast((value) => typeof value === 'number') : values[index];
    setText(readout.train, figure(at(curves.train)));
    setText(readout.valid, figure(at(curves.valid)));
    const step = index === null ? undefined : curves.steps[index];
    setText(
      readout.step,
      step === undefined ? l10n.t('last values') : l10n.t('step {0}', step.toLocaleString(language)),
    );
  };
  const draw = (): void => {
    chart?.destroy();
    chart = null;
    if (curves.steps.length === 0 || plot.clientWidth === 0) return;
    const data = [curves.steps, curves.train, curves.valid].map((values) => [...values]);
    chart = new UPlot(options(plot.clientWidth, language, show), data as UPlot.AlignedData, plot);
  };

  new ResizeObserver(() => {
    if (chart === null) draw();
    else if (plot.clientWidth > 0) chart.setSize({ width: plot.clientWidth, height: HEIGHT });
  }).observe(plot);
  // The editor sets the theme's variables on <html> and its kind on <body>.
  const themes = new MutationObserver(() => requestAnimationFrame(draw));
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  themes.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });

  return {
    element: element('div', { class: 'loss-chart' }, legend, plot),
    update: ({ train, valid }) => {
      curves = curvesOf(train, valid);
      plot.setAttribute('aria-label', summary(train, valid, language));
      show(null);
      draw();
    },
  };
}

function options(width: number, language: string, show: (index: number | null) => void): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--loss-${name}`).trim();
  const font = `11px ${style.getPropertyValue('--vscode-font-family').trim() || 'sans-serif'}`;
  const axis: UPlot.Axis = {
    stroke: colour('text'),
    font,
    labelFont: font,
    labelSize: 16,
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
    scales: {
      x: { time: false, range: (_, from, to) => (from === to ? [from - 1, to + 1] : [from, to]) },
      y: { range: (_, from, to) => lossRange(from, to) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        label: l10n.t('step'),
        values: (_, splits) => splits.map((split) => split.toLocaleString(language)),
      },
      {
        ...axis,
        label: l10n.t('loss (nats)'),
        size: 52,
        values: (_, splits) => {
          const digits = Math.max(1, digitsOf((splits[1] ?? 0) - (splits[0] ?? 0)));
          return splits.map((split) => split.toFixed(digits));
        },
      },
    ],
    series: [
      {},
      { stroke: colour('train'), width: 1.5, points: { show: false } },
      { stroke: colour('valid'), width: 2, points: { show: true, size: 7, fill: colour('valid') } },
    ],
    hooks: {
      drawAxes: [(chart) => drawUniform(chart, colour('uniform'), colour('background'), font)],
      setCursor: [({ cursor }) => show(cursor.idx ?? null)],
    },
  };
}

/** The dashed line of uniform guessing, under the curves, where it is in view. */
function drawUniform(chart: UPlot, stroke: string, background: string, font: string): void {
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(UNIFORM_LOSS, 'y', true));
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  const scale = window.devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = scale;
  ctx.setLineDash([6 * scale, 4 * scale]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  // Below the line there is room for words only where the curves do not run: on the side away from them.
  const above = y > bbox.top + bbox.height / 2;
  const text = l10n.t('uniform guessing, ln 2048 = {0}', UNIFORM_LOSS.toFixed(2));
  ctx.font = font.replace(/^\d+/, (size) => String(Number(size) * scale));
  ctx.textAlign = 'right';
  ctx.textBaseline = above ? 'bottom' : 'top';
  const right = bbox.left + bbox.width - 6 * scale;
  const at = y + (above ? -3 : 4) * scale;
  ctx.setLineDash([]);
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * scale;
  ctx.strokeStyle = background;
  ctx.strokeText(text, right, at);
  ctx.fillStyle = stroke;
  ctx.fillText(text, right, at);
  ctx.restore();
}

/** What a person who cannot see the curve wants to know of it first. */
function summary(train: RunState['train'], valid: RunState['valid'], language: string): string {
  const line = (name: string, points: RunState['train']): string[] => {
    const finite = points.filter(({ loss }) => loss !== null);
    const [first, last] = [finite[0], finite.at(-1)];
    if (!first || !last) return [];
    const [from, to] = [first, last].map(({ step }) => step.toLocaleString(language));
    return [
      l10n.t(
        '{0} from {1} at step {2} to {3} at step {4}',
        name,
        figure(first.loss),
        from ?? '',
        figure(last.loss),
        to ?? '',
      ),
    ];
  };
  const lines = [...line(l10n.t('train'), train), ...line(l10n.t('valid'), valid)];
  return `${l10n.t('Loss over steps')}: ${lines.join('; ')}`;
}

function figure(loss: number | null | undefined): string {
  return typeof loss === 'number' ? loss.toFixed(4) : '–';
}
