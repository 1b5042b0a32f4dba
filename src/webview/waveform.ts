/** Draws one take's waveform from its peaks. */

export interface Box {
  /** Device pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Bars of the loudest excursion in their stretch. `peaks` is interleaved min, max of equal stretches, value / 32767 is
 * full scale; `bar` and `gap` are widths in device pixels.
 */
export function drawWaveform(
  context: CanvasRenderingContext2D,
  peaks: Int16Array,
  box: Box,
  style: { readonly colour: string; readonly opacity: number; readonly bar: number; readonly gap: number },
): void {
  const columns = peaks.length / 2;
  const bars = Math.max(1, Math.floor((box.width + style.gap) / (style.bar + style.gap)));
  const middle = box.y + box.height / 2;
  const reach = box.height / 2 - 1;
  context.globalAlpha = style.opacity;
  context.fillStyle = style.colour;
  context.beginPath();
  for (let i = 0; i < bars; i++) {
    const [low, high] = extremes(peaks, (i * columns) / bars, ((i + 1) * columns) / bars);
    const top = Math.round(middle - Math.max(high * reach, 0.5));
    const bottom = Math.round(middle - Math.min(low * reach, -0.5));
    context.rect(box.x + i * (style.bar + style.gap), top, style.bar, Math.max(1, bottom - top));
  }
  context.fill();
  context.globalAlpha = 1;
}

/** Lowest and highest value of columns [from, to), at least one column, as shares of full scale. */
export function extremes(peaks: Int16Array, from: number, to: number): [number, number] {
  const columns = peaks.length / 2;
  const first = Math.min(columns - 1, Math.max(0, Math.floor(from)));
  const last = Math.min(columns, Math.max(first + 1, Math.ceil(to)));
  let low = Infinity;
  let high = -Infinity;
  for (let column = first; column < last; column++) {
    low = Math.min(low, peaks[2 * column] ?? 0);
    high = Math.max(high, peaks[2 * column + 1] ?? 0);
  }
  return [low / 32767, high / 32767];
}
