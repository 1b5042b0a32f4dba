/** The outline of a clip for its lane. */
import { PEAK_COLUMNS } from './clip';

/**
 * Lowest and highest sample of PEAK_COLUMNS equal stretches, over all channels, interleaved (min, max, min, max…).
 * value / 32767 is full scale; what lies beyond it (float files) is cut there. A stretch without a sample of its own
 * (clips of fewer frames than columns) shows the sample it lies in.
 */
export function peaksOf(channels: readonly Float32Array[]): Int16Array<ArrayBuffer> {
  const frames = channels[0]?.length ?? 0;
  const peaks = new Int16Array(PEAK_COLUMNS * 2);
  if (frames === 0) return peaks;
  for (let column = 0; column < PEAK_COLUMNS; column++) {
    const from = Math.floor((column * frames) / PEAK_COLUMNS);
    const to = Math.max(from + 1, Math.floor(((column + 1) * frames) / PEAK_COLUMNS));
    let min = Infinity;
    let max = -Infinity;
    for (const samples of channels) {
      for (let i = from; i < to; i++) {
        const x = samples[i] ?? 0;
        if (x < min) min = x;
        if (x > max) max = x;
      }
    }
    peaks[2 * column] = toInt16(min);
    peaks[2 * column + 1] = toInt16(max);
  }
  return peaks;
}

const toInt16 = (x: number) => Math.round(Math.max(-1, Math.min(1, x)) * 32767);
