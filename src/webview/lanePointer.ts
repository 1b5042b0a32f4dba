/** The mouse (or pen, or finger) on the waveforms: click to seek, drag to mark a loop, hover to read the time. */

export interface LanePointerOptions {
  /** The elements that are pointed at, with the take each belongs to (null: the ruler). */
  readonly takeOf: (target: EventTarget | null) => string | null | undefined;
  /** Left edge and width of the time axis on screen, CSS pixels. */
  readonly axis: () => { readonly left: number; readonly width: number };
  readonly duration: () => number;
  readonly loop: () => readonly [number, number] | null;
  readonly onHover: (second: number | null) => void;
  readonly onDrag: (from: number, to: number) => void;
  readonly onLoop: (from: number, to: number) => void;
  readonly onClick: (second: number, take: string | null) => void;
}

const DRAG_PIXELS = 4;
const EDGE_PIXELS = 6;

export function lanePointer(surface: HTMLElement, options: LanePointerOptions): void {
  let press: { x: number; anchor: number; take: string | null; moved: boolean } | null = null;

  const secondAt = (x: number): number => {
    const { left, width } = options.axis();
    const share = width > 0 ? (x - left) / width : 0;
    return Math.min(1, Math.max(0, share)) * options.duration();
  };
  /** The other end of the loop when an end of it is grabbed; null elsewhere. */
  const grabbed = (x: number): number | null => {
    const loop = options.loop();
    const { left, width } = options.axis();
    if (loop === null || options.duration() <= 0) return null;
    const [from, to] = loop.map((second) => left + (second / options.duration()) * width);
    if (from !== undefined && Math.abs(x - from) <= EDGE_PIXELS) return loop[1];
    if (to !== undefined && Math.abs(x - to) <= EDGE_PIXELS) return loop[0];
    return null;
  };

  surface.addEventListener('pointerdown', (event) => {
    const take = options.takeOf(event.target);
    if (take === undefined || event.button !== 0 || options.duration() <= 0) return;
    // The keyboard stays where it was: space goes on to play and pause.
    event.preventDefault();
    window.focus();
    surface.setPointerCapture(event.pointerId);
    const end = grabbed(event.clientX);
    press = { x: event.clientX, anchor: end ?? secondAt(event.clientX), take, moved: false };
  });
  surface.addEventListener('pointermove', (event) => {
    if (press === null) {
      const over = options.takeOf(event.target) !== undefined && options.duration() > 0;
      options.onHover(over ? secondAt(event.clientX) : null);
      surface.classList.toggle('at-edge', over && grabbed(event.clientX) !== null);
      return;
    }
    press.moved ||= Math.abs(event.clientX - press.x) > DRAG_PIXELS;
    const here = secondAt(event.clientX);
    options.onHover(here);
    if (press.moved) options.onDrag(Math.min(press.anchor, here), Math.max(press.anchor, here));
  });
  surface.addEventListener('pointerup', (event) => {
    if (press === null) return;
    const { anchor, take, moved } = press;
    press = null;
    const here = secondAt(event.clientX);
    if (moved) options.onLoop(Math.min(anchor, here), Math.max(anchor, here));
    else options.onClick(here, take);
  });
  surface.addEventListener('pointercancel', () => {
    press = null;
    options.onHover(null);
  });
  surface.addEventListener('pointerleave', () => {
    if (press === null) options.onHover(null);
  });
}
