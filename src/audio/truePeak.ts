/**
 * True peak by ITU-R BS.1770-4, Annex 2: the highest level between the samples too, from 4 × oversampling with the
 * filter that the recommendation prints (48 taps in four phases of 12).
 */

/** dBTP (0 is full scale), or null for digital silence. */
export function truePeak(channels: readonly Float32Array[]): number | null {
  const stretches = channels.map(highestOfStretches);
  let peak = 0;
  for (const levels of stretches) for (const level of levels) peak = Math.max(peak, level);
  channels.forEach((samples, c) => (peak = highestBetween(samples, stretches[c] ?? [], peak)));
  return peak === 0 ? null : 20 * Math.log10(peak);
}

const PHASE_0 = [
  0.001708984375, 0.010986328125, -0.0196533203125, 0.033203125, -0.0594482421875, 0.1373291015625,
  0.97216796875, -0.102294921875, 0.047607421875, -0.026611328125, 0.014892578125, -0.00830078125,
];
const PHASE_1 = [
  -0.0291748046875, 0.029296875, -0.0517578125, 0.089111328125, -0.16650390625, 0.465087890625, 0.77978515625,
  -0.2003173828125, 0.1015625, -0.0582275390625, 0.0330810546875, -0.0189208984375,
];
/** Phases 2 and 3 are 1 and 0 in mirror image. */
const PHASES = [PHASE_0, PHASE_1, PHASE_1.toReversed(), PHASE_0.toReversed()];
const TAPS = 12;
/** Tap by tap, the four phases' coefficients side by side. */
const BY_TAP = Float64Array.from(PHASE_0.flatMap((_, tap) => PHASES.map((taps) => taps[tap] ?? 0)));
/** No point between samples that are at most m can exceed m times this. */
const MOST_GAIN = Math.max(...PHASES.map((taps) => taps.reduce((sum, tap) => sum + Math.abs(tap), 0)));
/** Short enough that most stretches of music lie far below its peak, long enough that looking at them is cheap. */
const STRETCH = 16;

function highestOfStretches(samples: Float32Array): Float32Array {
  const levels = new Float32Array(Math.ceil(samples.length / STRETCH));
  for (let s = 0; s < levels.length; s++) {
    const end = Math.min((s + 1) * STRETCH, samples.length);
    let most = 0;
    for (let i = s * STRETCH; i < end; i++) {
      const level = Math.abs(samples[i] ?? 0);
      if (level > most) most = level;
    }
    levels[s] = most;
  }
  return levels;
}

/** `peak`, or what exceeds it between the samples. Stretches that can't are skipped, which for music is nearly all. */
function highestBetween(samples: Float32Array, levels: ArrayLike<number>, peak: number): number {
  const window = new Float64Array(TAPS - 1 + STRETCH);
  let result = peak;
  // One more than there are: the last samples reach beyond the end.
  for (let s = 0; s <= levels.length; s++) {
    // A point depends on 12 samples: some of this stretch and the last ones of the stretch before.
    if (Math.max(levels[s] ?? 0, levels[s - 1] ?? 0) * MOST_GAIN > result) {
      result = Math.max(result, oversampled(samples, s * STRETCH, window));
    }
  }
  return result;
}

/** The highest of the points whose newest sample lies in the stretch; outside of the clip is silence. */
function oversampled(samples: Float32Array, from: number, window: Float64Array): number {
  for (let i = 0; i < window.length; i++) window[i] = samples[from - (TAPS - 1) + i] ?? 0;
  let most = 0;
  for (let i = 0; i < STRETCH; i++) {
    let [p0, p1, p2, p3] = [0, 0, 0, 0];
    for (let k = 0; k < TAPS; k++) {
      const x = window[i + TAPS - 1 - k] ?? 0;
      p0 += (BY_TAP[4 * k] ?? 0) * x;
      p1 += (BY_TAP[4 * k + 1] ?? 0) * x;
      p2 += (BY_TAP[4 * k + 2] ?? 0) * x;
      p3 += (BY_TAP[4 * k + 3] ?? 0) * x;
    }
    most = Math.max(most, Math.abs(p0), Math.abs(p1), Math.abs(p2), Math.abs(p3));
  }
  return most;
}
