/**
 * Integrated loudness by ITU-R BS.1770-4, Annex 1.
 *
 * The recommendation prints the two filters for 48 kHz only. For other rates both are designed anew as bilinear
 * transforms of the analogue filters behind them, with the parameters that give the printed coefficients at 48 kHz
 * (B. De Man, "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 145, 2018).
 */

/**
 * LUFS, or null when no block of 400 ms passes the gate at −70 LUFS (silence). A clip shorter than 400 ms is measured as
 * one block of its own length. A lone channel counts once, as a meter does it: 3 dB below the same in both of two.
 *
 * @param channels Samples, full scale ±1, all of one length; six are taken as L R C LFE Ls Rs.
 * @param sampleRate Hz, at least 4000.
 */
export function integratedLoudness(channels: readonly Float32Array[], sampleRate: number): number | null {
  const frames = channels[0]?.length ?? 0;
  const hop = Math.min(Math.round(sampleRate / 10), Math.floor(frames / HOPS_IN_BLOCK));
  if (hop === 0) return null;
  // Only a clip that is shorter than a block has a shorter hop: then its four hops are the one block.
  const hops = Math.floor(frames / hop);
  const energy = new Float64Array(hops);
  const weights = channelWeights(channels.length);
  channels.forEach((samples, c) => addEnergy(samples, sampleRate, hop, weights[c] ?? 1, energy));
  const blocks = Array.from({ length: hops - HOPS_IN_BLOCK + 1 }, (_, i) => {
    let sum = 0;
    for (let h = i; h < i + HOPS_IN_BLOCK; h++) sum += energy[h] ?? 0;
    return sum / (HOPS_IN_BLOCK * hop);
  });
  const loud = blocks.filter((power) => toLufs(power) > ABSOLUTE_GATE);
  if (loud.length === 0) return null;
  const relativeGate = toLufs(mean(loud)) + RELATIVE_GATE;
  return toLufs(mean(loud.filter((power) => toLufs(power) > relativeGate)));
}

/** Blocks of 400 ms overlap by 75 %, so they are sums of four hops of 100 ms. */
const HOPS_IN_BLOCK = 4;
/** LUFS. */
const ABSOLUTE_GATE = -70;
/** LU below the mean of what passes the absolute gate. */
const RELATIVE_GATE = -10;

const toLufs = (power: number) => -0.691 + 10 * Math.log10(power);
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** BS.1770-4 Table 3: surrounds weigh 1.41, the effects channel nothing. */
function channelWeights(channels: number): readonly number[] {
  if (channels === 4) return [1, 1, 1.41, 1.41];
  if (channels === 5) return [1, 1, 1, 1.41, 1.41];
  if (channels === 6) return [1, 1, 1, 0, 1.41, 1.41];
  return [];
}

/** b0 b1 b2 over 1 a1 a2. */
export interface Biquad {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

/** The head's high shelf and the low cut (revised low-frequency B curve), together "K". */
export function kWeighting(sampleRate: number): readonly [Biquad, Biquad] {
  return [highShelf(sampleRate), lowCut(sampleRate)];
}

function highShelf(sampleRate: number): Biquad {
  const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate);
  const q = 0.7071752369554196;
  const high = 10 ** (3.999843853973347 / 20);
  const band = high ** 0.4996667741545416;
  const a0 = 1 + k / q + k * k;
  return {
    b: [
      (high + (band * k) / q + k * k) / a0,
      (2 * (k * k - high)) / a0,
      (high - (band * k) / q + k * k) / a0,
    ],
    a: [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0],
  };
}

function lowCut(sampleRate: number): Biquad {
  const k = Math.tan((Math.PI * 38.13547087602444) / sampleRate);
  const q = 0.5003270373238773;
  const a0 = 1 + k / q + k * k;
  return { b: [1, -2, 1], a: [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0] };
}

/** Adds the weighted energy of each hop of the K-weighted channel. Both filters in one pass, transposed form II. */
function addEnergy(
  samples: Float32Array,
  sampleRate: number,
  hop: number,
  weight: number,
  energy: Float64Array,
): void {
  if (weight === 0) return;
  const [shelf, cut] = kWeighting(sampleRate);
  const [b0, b1, b2] = shelf.b;
  const [a1, a2] = shelf.a;
  const [c1, c2] = cut.a;
  let [s1, s2, t1, t2] = [0, 0, 0, 0];
  for (let h = 0; h < energy.length; h++) {
    let sum = 0;
    const end = (h + 1) * hop;
    for (let i = h * hop; i < end; i++) {
      const x = samples[i] ?? 0;
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      const z = y + t1;
      t1 = -2 * y - c1 * z + t2;
      t2 = y - c2 * z;
      sum += z * z;
    }
    energy[h] = (energy[h] ?? 0) + weight * sum;
    // In silence the filters' memory decays into denormal numbers, which are many times slower to compute with.
    if (Math.abs(s1) + Math.abs(s2) + Math.abs(t1) + Math.abs(t2) < 1e-20) s1 = s2 = t1 = t2 = 0;
  }
}
