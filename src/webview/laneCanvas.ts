import { element } from './dom';
import { shortClock } from './format';
import { secondsOf, type LaneScene } from './scene';
import type { TakeColours } from './takeColours';
import { drawWaveform } from './waveform';

/** CSS pixels. */
const BAR = 2;
const GAP = 1;
const TICK_LABEL_WIDTH = 64;

export interface LaneCanvas {
  readonly element: HTMLCanvasElement;
  /** Paints what has changed since the last call: a lane when its box, peaks or emphasis did. */
  paint(rows: readonly { readonly lane: LaneScene; readonly box: DOMRect }[], frame: Frame): void;
}

export interface Frame {
  /** The area that the canvas covers, in the coordinates of the boxes. */
  readonly area: DOMRect;
  readonly ruler: DOMRect;
  /** Seconds across the whole width. */
  readonly duration: number;
  readonly chosen: string | null;
  readonly colours: TakeColours;
  readonly font: string;
}

/** One canvas under all lanes and the ruler. */
export function laneCanvas(): LaneCanvas {
  const canvas = element('canvas', { class: 'lane-canvas', attributes: { 'aria-hidden': 'true' } });
  const context = canvas.getContext('2d');
  let painted = new Map<string, readonly unknown[]>();

  return {
    element: canvas,
    paint: (rows, frame) => {
      if (context === null) return;
      const scale = window.devicePixelRatio || 1;
      const width = Math.round(frame.area.width * scale);
      const height = Math.round(frame.area.height * scale);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
        painted = new Map();
      }
      const now = new Map<string, readonly unknown[]>();
      const once = (
        name: string,
        box: DOMRect,
        inputs: readonly unknown[],
        draw: (place: Place) => void,
      ): void => {
        const place = placeOf(box, frame.area, scale);
        const signature = [
          place.x,
          place.y,
          place.width,
          place.height,
          frame.duration,
          frame.colours,
          ...inputs,
        ];
        now.set(name, signature);
        if (isSame(painted.get(name), signature)) return;
        context.clearRect(place.x, place.y, place.width, place.height);
        draw(place);
      };
      for (const { lane, box } of rows) {
        const chosen = lane.take.id === frame.chosen;
        const { analysis } = lane;
        once(lane.take.id, box, [analysis, lane.status, lane.colour, chosen], (place) => {
          const peaks = analysis?.peaks ?? null;
          if (peaks === null) return;
          const share = frame.duration > 0 ? secondsOf(analysis) / frame.duration : 1;
          const colour = frame.colours.wave(lane.colour);
          drawWaveform(
            context,
            peaks,
            { ...place, width: place.width * Math.min(1, share || 1) },
            {
              colour,
              opacity: emphasis(lane, chosen),
              bar: Math.round(BAR * scale),
              gap: Math.round(GAP * scale),
            },
          );
        });
      }
      once('ruler', frame.ruler, [frame.font], (place) => drawRuler(context, place, frame, scale));
      painted = now;
    },
  };
}

function emphasis(lane: LaneScene, chosen: boolean): number {
  if (lane.status === 'silent') return 0.25;
  return chosen ? 1 : 0.55;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function placeOf(box: DOMRect, area: DOMRect, scale: number): Place {
  return {
    x: Math.round((box.left - area.left) * scale),
    y: Math.round((box.top - area.top) * scale),
    width: Math.round(box.width * scale),
    height: Math.round(box.height * scale),
  };
}

function drawRuler(context: CanvasRenderingContext2D, place: Place, frame: Frame, scale: number): void {
  if (frame.duration <= 0) return;
  const perSecond = place.width / frame.duration;
  const step = tickStep(perSecond / scale);
  context.fillStyle = frame.colours.muted;
  context.font = `${11 * scale}px ${frame.font}`;
  context.textBaseline = 'bottom';
  for (let i = 0; i * step <= frame.duration + 1e-6; i++) {
    const x = Math.min(place.x + place.width - scale, Math.round(place.x + i * step * perSecond));
    context.fillRect(x, place.y, scale, 4 * scale);
    const text = shortClock(i * step);
    const width = context.measureText(text).width;
    const left = Math.min(Math.max(x - width / 2, place.x), place.x + place.width - width);
    context.fillText(text, left, place.y + place.height);
  }
}

/** Seconds between ticks, so that their labels stand well apart. */
export function tickStep(pixelsPerSecond: number): number {
  const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
  return steps.find((step) => step * pixelsPerSecond >= TICK_LABEL_WIDTH) ?? 1800;
}

function isSame(a: readonly unknown[] | undefined, b: readonly unknown[]): boolean {
  return a?.length === b.length && b.every((value, i) => Object.is(a[i], value));
}
