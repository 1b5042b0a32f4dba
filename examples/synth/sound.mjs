// The instruments and effects of the example clips. Every instrument adds one note to a buffer of samples.
// Plucked strings: K. Karplus and A. Strong, "Digital Synthesis of Plucked-String and Drum Timbres", CMJ 7(2), 1983.
// Electric piano and bells: J. Chowning, "The Synthesis of Complex Audio Spectra by Means of Frequency Modulation", 1973.
// Saw without aliasing: V. Välimäki and A. Huovilainen, "Antialiasing Oscillators in Subtractive Synthesis", 2007.

/** Samples a second. */
export const RATE = 32000;

/** Numbers in 0…1, always the same for one seed (a string). The generator is mulberry32, the seed's hash FNV-1a. */
export function randomFrom(seed) {
  let state = 0x811c9dc5;
  for (const char of seed) state = Math.imul(state ^ char.codePointAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const hertz = (midi) => 440 * 2 ** ((midi - 69) / 12);

/** Calls sample(i, seconds) for the samples of a note and adds what it returns to the buffer. */
function add(out, at, seconds, sample) {
  const start = Math.max(0, Math.round(at * RATE));
  const count = Math.min(out.length - start, Math.round(seconds * RATE));
  for (let i = 0; i < count; i++) out[start + i] += sample(i / RATE);
}

/** 0 → 1 within `attack` seconds, then falls by half every `half` seconds, and closes in the last 10 ms. */
const struck = (t, attack, half, seconds) =>
  Math.min(1, t / attack) * 2 ** (-t / half) * Math.min(1, Math.max(0, (seconds - t) / 0.01));
/** Rises, holds, falls. */
const held = (t, rise, fall, seconds) => Math.min(1, t / rise, Math.max(0, (seconds - t) / fall));

/**
 * A plucked string. bright: 0…1; ring: seconds until it is down by 60 dB; bend(t): semitones.
 */
export function pluck(out, at, midi, seconds, gain, random, { bright = 0.5, ring = 3, bend = null } = {}) {
  const base = hertz(midi);
  const size = 4096;
  const line = new Float32Array(size);
  const length = RATE / base;
  let last = 0;
  for (let i = 0; i < Math.ceil(length) + 2; i++) {
    last += (random() * 2 - 1 - last) * (0.25 + 0.75 * bright);
    line[i] = last;
  }
  let write = Math.ceil(length) + 2;
  let memory = 0;
  const loss = 10 ** (-3 / (base * ring));
  const blend = 0.5 + 0.45 * bright;
  add(out, at, seconds, (t) => {
    // The averaging of two samples delays by 1 - blend.
    const delay = length / (bend === null ? 1 : 2 ** (bend(t) / 12)) - (1 - blend);
    const from = write - delay + size;
    const whole = Math.floor(from);
    const fraction = from - whole;
    const read = line[whole & (size - 1)] * (1 - fraction) + line[(whole + 1) & (size - 1)] * fraction;
    const next = loss * (blend * read + (1 - blend) * memory);
    memory = read;
    line[write & (size - 1)] = next;
    write++;
    return gain * next * Math.min(1, Math.max(0, (seconds - t) / 0.02));
  });
}

/** Frequency modulation: electric pianos (ratio 1), bells (ratio 3.5). index falls twice as fast as the tone. */
export function fm(
  out,
  at,
  midi,
  seconds,
  gain,
  { ratio = 1, index = 1.6, half = 0.5, attack = 0.003 } = {},
) {
  const w = 2 * Math.PI * hertz(midi);
  add(out, at, seconds, (t) => {
    const envelope = struck(t, attack, half, seconds);
    const depth = index * 2 ** ((-2 * t) / half);
    return gain * envelope * Math.sin(w * t + depth * Math.sin(w * ratio * t));
  });
}

/**
 * Saws through a resonant low-pass (Chamberlin's state variable filter).
 * cutoff(t): Hz; detune: semitones between the voices; bend(t): semitones.
 */
export function saw(out, at, midi, seconds, gain, options = {}) {
  const {
    cutoff = () => 3000,
    resonance = 0.2,
    rise = 0.005,
    fall = 0.03,
    detune = 0,
    bend = null,
  } = options;
  const voices = detune === 0 ? [0] : [-detune, detune];
  const phases = voices.map((_, v) => 0.37 * v);
  const steps = voices.map((offset) => hertz(midi + offset) / RATE);
  let low = 0;
  let band = 0;
  const damping = 2 * (1 - 0.95 * resonance);
  add(out, at, seconds, (t) => {
    const pitch = bend === null ? 1 : 2 ** (bend(t) / 12);
    let x = 0;
    for (let v = 0; v < voices.length; v++) {
      const step = steps[v] * pitch;
      let phase = phases[v] + step;
      if (phase >= 1) phase -= 1;
      phases[v] = phase;
      x += 2 * phase - 1;
      // The step from +1 to -1, rounded by a polynomial over the two samples around it.
      if (phase < step) x -= 2 * (phase / step) - (phase / step) ** 2 - 1;
      else if (phase > 1 - step) x -= ((phase - 1) / step) ** 2 + 2 * ((phase - 1) / step) + 1;
    }
    const f = Math.min(0.9, (2 * Math.PI * cutoff(t)) / RATE);
    low += f * band;
    band += f * (x - low - damping * band);
    return (gain * held(t, rise, fall, seconds) * low) / voices.length;
  });
}

/** Round bass: a sine with a little of its octave. */
export function bass(out, at, midi, seconds, gain, { half = 0.6, octave = 0.25 } = {}) {
  const w = 2 * Math.PI * hertz(midi);
  add(out, at, seconds, (t) => {
    const tone = Math.sin(w * t) + octave * Math.sin(2 * w * t);
    return gain * struck(t, 0.006, half, seconds) * tone;
  });
}

export function kick(out, at, gain, { from = 150, to = 48, half = 0.09 } = {}) {
  let phase = 0;
  add(out, at, 0.45, (t) => {
    phase += (2 * Math.PI * (to + (from - to) * Math.exp(-t * 40))) / RATE;
    return gain * struck(t, 0.001, half, 0.45) * Math.sin(phase);
  });
}

/** Noise between two frequencies (Hz): hats, brushes, claps, shakers, and with `tone` a snare. */
export function noise(
  out,
  at,
  seconds,
  gain,
  random,
  { low = 200, high = 12000, half = 0.03, attack = 0.001, tone = 0 } = {},
) {
  const a = 1 - Math.exp((-2 * Math.PI * high) / RATE);
  const b = 1 - Math.exp((-2 * Math.PI * low) / RATE);
  let upper = 0;
  let lower = 0;
  add(out, at, seconds, (t) => {
    upper += a * (random() * 2 - 1 - upper);
    lower += b * (upper - lower);
    const body = tone === 0 ? 0 : 0.7 * Math.sin(2 * Math.PI * tone * t);
    return gain * struck(t, attack, half, seconds) * (upper - lower + body);
  });
}

/** Four combs and two all-passes (M. Schroeder, "Natural Sounding Artificial Reverberation", 1962). */
export function reverb(dry, wet, { decay = 1.5, dark = 0.4 } = {}) {
  const out = Float32Array.from(dry);
  const sum = new Float32Array(dry.length);
  for (const seconds of [0.0297, 0.0371, 0.0411, 0.0437]) {
    const line = new Float32Array(Math.round(seconds * RATE));
    const feedback = 10 ** ((-3 * seconds) / decay);
    let memory = 0;
    for (let i = 0, at = 0; i < dry.length; i++) {
      const echo = line[at];
      memory = echo * (1 - dark) + memory * dark;
      line[at] = dry[i] + memory * feedback;
      sum[i] += echo / 4;
      if (++at === line.length) at = 0;
    }
  }
  for (const seconds of [0.005, 0.0017]) {
    const line = new Float32Array(Math.round(seconds * RATE));
    for (let i = 0, at = 0; i < sum.length; i++) {
      const delayed = line[at];
      const x = sum[i] + 0.7 * delayed;
      line[at] = x;
      sum[i] = delayed - 0.7 * x;
      if (++at === line.length) at = 0;
    }
  }
  for (let i = 0; i < out.length; i++) out[i] += wet * sum[i];
  return out;
}

/** Takes out what is below hearing, brings the clip to a level (dB of its mean power), bends peaks and closes the ends. */
export function master(played, levelDb) {
  let before = 0;
  let above = 0;
  const samples = played.map((x) => {
    above = 0.995 * above + x - before;
    before = x;
    return above;
  });
  let power = 0;
  for (const x of samples) power += x * x;
  const gain = 10 ** (levelDb / 20) / Math.sqrt(power / samples.length + 1e-12);
  const edge = 0.004 * RATE;
  return samples.map((x, i) => {
    const y = x * gain;
    const level = Math.abs(y);
    const bent = level < 0.6 ? y : Math.sign(y) * (0.6 + 0.33 * Math.tanh((level - 0.6) / 0.33));
    return bent * Math.min(1, i / edge, (samples.length - 1 - i) / edge);
  });
}
