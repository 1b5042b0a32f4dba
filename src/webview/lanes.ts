import * as l10n from '@vscode/l10n';
import type { Controls } from './controls';
import { changes, element, icon, iconButton, onChange, setText } from './dom';
import { clock, shortClock } from './format';
import { colourOf, isAcrossRuns } from './lane';
import { laneCanvas } from './laneCanvas';
import { lanePointer } from './lanePointer';
import { laneRow, type LaneRow } from './laneRow';
import type { Scene } from './scene';
import { onThemeChange, readTakeColours, takeClass } from './takeColours';

export interface Lanes {
  readonly element: HTMLElement;
  update(scene: Scene): void;
  /** Puts the playhead at a second. To be called every frame while something plays. */
  movePlayhead(second: number): void;
}

/** The takes of the prompt under each other, on one time axis with one playhead. */
export function lanes(controls: Controls): Lanes {
  const group = element('div', {
    class: 'lanes',
    attributes: { role: 'radiogroup', 'aria-label': l10n.t('Takes') },
  });
  const ruler = element('div', {
    class: 'ruler',
    attributes: { role: 'slider', tabindex: '0', 'aria-label': l10n.t('Playhead'), 'aria-valuemin': '0' },
  });
  const canvas = laneCanvas();
  const loop = element('div', { class: 'loop-region' });
  const hover = element('div', { class: 'hover-line' }, element('span', { class: 'hover-time' }));
  const playhead = element('div', { class: 'playhead' });
  const overlay = element('div', { class: 'lane-overlay', attributes: { 'aria-hidden': 'true' } });
  overlay.append(hover, playhead);
  // Under the waveforms, so that their colours stay what they are.
  const ground = element('div', { class: 'lane-overlay', attributes: { 'aria-hidden': 'true' } }, loop);
  const away = element('div', { class: 'put-away' });
  const box = element('div', { class: 'lanes-box' }, group, ruler, ground, canvas.element, overlay);
  const whole = element('div', { class: 'lanes-area' }, box, away);

  const rows = new Map<string, LaneRow>();
  let scene: Scene | null = null;
  let colours = readTakeColours();
  let second = 0;
  let spoken = -1;

  const arrange = onChange((ids: string, across: boolean) => {
    rows.clear();
    group.replaceChildren();
    let heading = '';
    for (const { take } of scene?.lanes ?? []) {
      if (across && heading !== `${take.run}\n${take.evaluation}`) {
        heading = `${take.run}\n${take.evaluation}`;
        group.append(groupHeading(take.run, take.evaluation, () => controls.openRun(take.id)));
      }
      const row = laneRow(take.id, controls);
      rows.set(take.id, row);
      group.append(row.element);
    }
    box.style.setProperty('--lane-count', String(ids === '' ? 0 : rows.size));
    box.style.setProperty('--group-count', String(group.querySelectorAll('.lane-group').length));
  });

  const layOut = (): void => {
    const { left, width } = ruler.getBoundingClientRect();
    const outer = box.getBoundingClientRect();
    for (const node of [ground, canvas.element, overlay]) {
      node.style.left = `${left - outer.left}px`;
      node.style.width = `${width}px`;
    }
    paint();
  };
  const paint = (): void => {
    if (scene === null) return;
    const area = overlay.getBoundingClientRect();
    if (area.width === 0) return;
    canvas.paint(
      scene.lanes.flatMap((lane) => {
        const row = rows.get(lane.take.id);
        return row === undefined ? [] : [{ lane, box: row.wave.getBoundingClientRect() }];
      }),
      {
        area,
        ruler: ruler.getBoundingClientRect(),
        duration: scene.duration,
        chosen: scene.page.take,
        colours,
        font: getComputedStyle(box).fontFamily,
      },
    );
    place();
  };
  const place = (): void => {
    const { width } = overlay.getBoundingClientRect();
    const duration = scene?.duration ?? 0;
    playhead.hidden = duration <= 0;
    if (duration <= 0) return;
    playhead.style.transform = `translateX(${(Math.min(1, second / duration) * width).toFixed(2)}px)`;
  };
  const showLoop = (from: number, to: number, on: boolean): void => {
    const duration = scene?.duration ?? 0;
    loop.hidden = duration <= 0 || from >= duration;
    if (duration <= 0) return;
    loop.style.left = `${(from / duration) * 100}%`;
    loop.style.width = `${((Math.min(to, duration) - from) / duration) * 100}%`;
    loop.classList.toggle('on', on);
  };
  const speak = (): void => {
    const whole = Math.floor(second);
    if (whole === spoken) return;
    spoken = whole;
    ruler.setAttribute('aria-valuenow', String(whole));
    ruler.setAttribute(
      'aria-valuetext',
      l10n.t('{0} of {1}', shortClock(whole), shortClock(scene?.duration ?? 0)),
    );
  };

  group.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const ids = [...rows.keys()];
    const at = ids.indexOf(scene?.page.take ?? '');
    const next = ids[(at + (event.key === 'ArrowDown' ? 1 : ids.length - 1)) % ids.length];
    if (next === undefined) return;
    controls.chooseTake(next);
    rows.get(next)?.radio.focus();
  });
  lanePointer(box, {
    takeOf: (target) => {
      if (!(target instanceof Element)) return undefined;
      if (target.closest('.ruler') !== null) return null;
      const wave = target.closest('.lane-wave');
      return wave === null ? undefined : [...rows].find(([, row]) => row.wave === wave)?.[0];
    },
    axis: () => overlay.getBoundingClientRect(),
    duration: () => scene?.duration ?? 0,
    loop: () => {
      const marked = scene?.page.loop ?? null;
      return marked === null ? null : [marked.from, marked.to];
    },
    onHover: (at) => {
      hover.hidden = at === null;
      if (at === null || scene === null) return;
      hover.style.left = `${(at / scene.duration) * 100}%`;
      hover.classList.toggle('flip', at > scene.duration * 0.85);
      setText(hover.firstElementChild as HTMLElement, clock(at));
    },
    onDrag: (from, to) => showLoop(from, to, true),
    onLoop: (from, to) => controls.setLoop(from, to),
    onClick: (at, take) => {
      if (take !== null) controls.chooseTake(take);
      controls.seek(at);
    },
  });
  new ResizeObserver(layOut).observe(group);
  new ResizeObserver(layOut).observe(ruler);
  onThemeChange(() => {
    colours = readTakeColours();
    paint();
  });
  hover.hidden = true;

  const [awayChanged, chosenChanged] = [changes(), changes()];
  return {
    element: whole,
    update: (next) => {
      scene = next;
      arrange(
        next.lanes.map((lane) => lane.take.id).join('\n'),
        isAcrossRuns(next.page.comparison?.takes ?? []),
      );
      const sounding = next.player === 'playing';
      for (const lane of next.lanes) {
        const chosen = lane.take.id === next.page.take;
        rows.get(lane.take.id)?.update(lane, {
          chosen,
          sounding: chosen && sounding,
          canHide: next.lanes.length > 1,
          matched: next.page.loudnessMatch,
        });
      }
      ruler.setAttribute('aria-valuemax', String(Math.ceil(next.duration)));
      const { loop: marked } = next.page;
      if (marked === null) loop.hidden = true;
      else showLoop(marked.from, marked.to, marked.on);
      if (awayChanged(next.page.hidden, next.page.comparison?.takes.map((take) => take.label).join('\n'))) {
        drawAway(away, next, controls);
      }
      if (chosenChanged(next.page.take)) {
        rows.get(next.page.take ?? '')?.element.scrollIntoView({ block: 'nearest' });
      }
      layOut();
    },
    movePlayhead: (to) => {
      second = to;
      place();
      speak();
    },
  };
}

function groupHeading(run: string, evaluation: string, open: () => void): HTMLElement {
  return element(
    'div',
    { class: 'lane-group' },
    element('span', { class: 'lane-group-run', text: run }),
    element('span', { class: 'dim', text: evaluation }),
    iconButton('go-to-file', l10n.t('Open the page of {0}', run), open),
  );
}

/** The lanes that were put away, each a button that brings it back. */
function drawAway(away: HTMLElement, { page }: Scene, controls: Controls): void {
  const takes = page.comparison?.takes.filter((take) => page.hidden.has(take.id)) ?? [];
  away.hidden = !takes.length;
  away.replaceChildren(
    ...takes.map((take) => {
      const chip = element(
        'button',
        { class: `chip ${takeClass(colourOf(page, take.id))}`, attributes: { type: 'button' } },
        icon('eye-closed'),
        element('span', { text: take.label }),
      );
      chip.title = l10n.t('Show {0} again', take.label);
      chip.setAttribute('aria-label', chip.title);
      chip.addEventListener('click', () => controls.dispatch({ type: 'hide', take: take.id, hidden: false }));
      return chip;
    }),
  );
}
