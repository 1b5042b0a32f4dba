/**
 * True peak by ITU-R BS.1770-4, Annex 2: the highest level between the samples too, from 4 × oversampling with the
 * filter that the recommendation prints (48 taps in four phases of 12).
 */

/** dBTP (0 is full scale), or null for digital silence. */
export function truePeak(channels: readonly Float32Array[]): number | null {
  let peak = 0;
  for (const samples of channels) peak = Math.max(peak, highest(samples));
  for (const samples of channels) peak = highestBetween(samples, peak);
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
const PHASES = [PHASE_0, PHASE_1, [...PHASE_1].reverse(), [...PHASE_0].reverse()].map((taps) =>
  Float64Array.from(taps),
);
const TAPS = 12;
/** No point between samples that are at most m can exceed m times this. */
const MOST_GAIN = Math.max(...PHASES.map((taps) => taps.reduce((sum, tap) => sum + Math.abs(tap), 0)));
/** Short enough that most stretches of music lie far below its peak, long enough that looking at them is cheap. */
const STRETCH = 16;

function highest(samples: Float32Array): number {
  let most = 0;
  for (const x of samples) {
    const level = x < 0 ? -x : x;
    if (level > most) most = level;
  }
  return most;
}

/** `peak`, or what exceeds it between the samples. Stretches that can't are skipped, which for music is nearly all. */
function highestBetween(samples: Float32Array, peak: number): number {
  const stretches = Math.ceil(samples.length / STRETCH);
  const most = new Float32Array(stretches + 1);
  for (let s = 0; s < stretches; s++) most[s] = highest(samples.subarray(s * STRETCH, (s + 1) * STRETCH));
  let result = peak;
  for (let s = 0; s <= stretches; s++) {
    // A point depends on 12 samples: those of this stretch and of the one before.
    const around = Math.max(most[s] ?? 0, most[s - 1] ?? 0);
    if (around * MOST_GAIN > result) result = oversampled(samples, s * STRETCH, (s + 1) * STRETCH, result);
  }
  return result;
}

/** The highest of `peak` and the points whose newest sample lies in from…to. */
function oversampled(samples: Float32Array, from: number, to: number, peak: number): number {
  let result = peak;
  for (let i = from; i < to; i++) {
    for (const taps of PHASES) {
      let sum = 0;
      for (let k = 0; k < TAPS; k++) sum += (taps[k] ?? 0) * (samples[i - k] ?? 0);
      if (sum < 0) sum = -sum;
      if (sum > result) result = sum;
    }
  }
  return result;
}
