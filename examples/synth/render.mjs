// One clip of the examples: prompt × run × take → samples. Pure: equal arguments give equal bytes.
import { master, randomFrom, RATE } from './sound.mjs';
import { styles } from './styles.mjs';

export const SECONDS = 15;

const strengths = { output_epoch1: 1, output_epoch3: 2 };

/**
 * @param {string} prompt id of evaluation_prompts_8.json
 * @param {string} run output_epoch1 or output_epoch3; the base model's clips are the same in both
 * @param {string} take base, best or final; any other name is one more variation, for training
 * @param {readonly {defect: string, from_s: number, level_db?: number, period_s?: number}[]} defects those of defects.json
 * for this clip, less `identical`, which is a copy
 * @param {number} seconds
 * @returns {Int16Array} mono at 32 kHz
 */
export function render(prompt, run, take, defects, seconds = SECONDS) {
  const compose = styles[prompt];
  const strength = take === 'base' ? 0 : strengths[run];
  const played = compose(
    new Float32Array(Math.round(seconds * RATE)),
    strength,
    randomFrom(`${prompt} ${take}`),
  );
  let samples = master(played, levelDb(prompt, take));
  const random = randomFrom(`${prompt} ${run} ${take}`);
  for (const defect of defects) samples = spoil[defect.defect](samples, defect, random);
  return Int16Array.from(samples, (x) => Math.round(32767 * Math.max(-1, Math.min(1, x))));
}

/** Takes differ by some dB, as models do: matching their loudness has something to do. */
function levelDb(prompt, take) {
  const spread = 1.5 * randomFrom(`${prompt} level`)();
  const level = { base: -23, best: -18.5, final: -16.5 }[take] ?? -18;
  return level + (take === 'base' ? spread : -spread);
}

/** What goes wrong in the final checkpoints; defects.json says where. */
const spoil = {
  /** Broadband noise that comes within a tenth of a second and stays. */
  hiss(samples, { from_s, level_db }, random) {
    const level = 10 ** (level_db / 20) * Math.sqrt(3);
    return samples.map((x, i) => x + level * (random() * 2 - 1) * ramp(i, from_s, 0.1));
  },
  /** The last `period_s` seconds before `from_s` again and again, joined over 8 ms. */
  loop(samples, { from_s, period_s }) {
    const from = Math.round(from_s * RATE);
    const period = Math.round(period_s * RATE);
    const join = 0.008 * RATE;
    return samples.map((x, i) => {
      if (i < from) return x;
      const into = (i - from) % period;
      const phrase = samples[from - period + into];
      // What would have come next fades out under the phrase's beginning.
      const mix = Math.min(1, into / join);
      return mix * phrase + (1 - mix) * samples[from + Math.min(into, samples.length - 1 - from)];
    });
  },
  /** The music sinks by 24 dB until the end, and noise rises to `level_db` in its place. */
  'faded-noisy-end'(samples, { from_s, level_db }, random) {
    const level = 10 ** (level_db / 20) * Math.sqrt(3);
    const end = samples.length / RATE;
    return samples.map((x, i) => {
      const sunk = ramp(i, from_s, end - from_s);
      return x * 10 ** ((-24 * sunk) / 20) + level * (random() * 2 - 1) * sunk ** 2;
    });
  },
};

/** 0 before `from` seconds, 1 after another `length` seconds. */
const ramp = (i, from, length) => Math.max(0, Math.min(1, (i / RATE - from) / length));
