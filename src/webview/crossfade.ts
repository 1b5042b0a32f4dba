/** How a gain moves. `linear` keeps the level of equal audio, `power` (a sine) that of unrelated audio. */
export type FadeShape = 'linear' | 'power';

interface Point {
  readonly time: number;
  readonly value: number;
}

/** A sine drawn with this many straight lines is off by less than 0.5 % (0.04 dB) anywhere. */
const POWER_LINES = 8;

/**
 * Moves one gain between 0 and 1 without ever jumping. It knows the line it has drawn, so a fade may be turned round
 * in its middle; curves (`setValueCurveAtTime`) are not used, as overlapping ones throw. A fade in and a fade out of
 * shape `power` that begin together keep sin² + cos² = 1.
 */
export class Fader {
  private points: readonly Point[];

  constructor(
    private readonly param: AudioParam,
    initial: number,
  ) {
    param.value = initial;
    this.points = [{ time: 0, value: initial }];
  }

  /** The gain at a time of the context, in seconds. */
  valueAt(time: number): number {
    const after = this.points.findIndex((point) => point.time > time);
    const to = this.points[after];
    const from = this.points.at(after === -1 ? -1 : Math.max(0, after - 1));
    if (!from) return 0;
    if (!to || to === from) return from.value;
    return from.value + ((to.value - from.value) * (time - from.time)) / (to.time - from.time);
  }

  /** Reaches `target` at `start + seconds`, from wherever it is at `start`. Nothing is left of what was planned after `start`. */
  fade(target: number, start: number, seconds: number, shape: FadeShape): void {
    const from = this.valueAt(start);
    const underWay = (this.points.at(-1)?.time ?? 0) > start;
    const points = [{ time: start, value: from }, ...line(from, target, start, seconds, shape)];
    if (underWay) {
      this.param.cancelScheduledValues(start);
      // Cancelling took the end of the line that is being followed: it is drawn again as far as `start`.
      this.param.linearRampToValueAtTime(from, start);
    }
    this.param.setValueAtTime(from, start);
    for (const point of points.slice(1)) this.param.linearRampToValueAtTime(point.value, point.time);
    const kept = this.points.filter((point) => point.time < start);
    this.points = [...(underWay ? kept : []), ...points];
  }
}

function line(from: number, to: number, start: number, seconds: number, shape: FadeShape): Point[] {
  if (shape === 'linear') return [{ time: start + seconds, value: to }];
  const [a, b] = [Math.asin(Math.min(1, from)), Math.asin(Math.min(1, to))];
  return Array.from({ length: POWER_LINES }, (_, index) => {
    const part = (index + 1) / POWER_LINES;
    return { time: start + seconds * part, value: part === 1 ? to : Math.sin(a + (b - a) * part) };
  });
}

/** Factor of a level in decibels. */
export function gainOfDb(db: number): number {
  return 10 ** (db / 20);
}
