// The pieces for keys, synthesisers and drums. Arguments: styles.mjs.
import { every, pick, secondsOf } from './grid.mjs';
import { bass, fm, kick, noise, reverb, saw } from './sound.mjs';

export function lofi(out, strength, random) {
  const beat = 60 / (strength === 0 ? 84 : 78);
  const chords = [
    [50, 57, 60, 64, 65],
    [43, 53, 59, 64, 69],
    [48, 55, 59, 62, 64],
    [45, 55, 61, 64, 70],
  ];
  const swing = strength === 0 ? 0 : 0.16 * beat;
  every(out, 4 * beat, (at, bar) => {
    const [root, ...notes] = chords[bar % 4];
    const hits = strength === 0 ? [0, 1, 2, 3] : [0, 1.5, 2.5];
    for (const hit of hits) {
      const start = at + hit * beat + (hit % 1 === 0 ? 0 : swing);
      for (const note of notes) fm(out, start + random() * 0.012, note, 1.6, 0.1, { index: 1.2, half: 0.55 });
    }
    if (strength === 0) return;
    for (const hit of [0, 1.5, 3]) bass(out, at + hit * beat, root - 12, 0.7, 0.32);
    for (const hit of [0, 2.5])
      kick(out, at + hit * beat + (hit === 2.5 ? swing : 0), 0.55, { from: 110, to: 46 });
    for (const hit of [1, 3])
      noise(out, at + hit * beat + 0.012, 0.25, 0.3, random, { low: 300, high: 5000, half: 0.05, tone: 185 });
    for (let n = 0; n < 8; n++)
      noise(out, at + (n * beat) / 2 + (n % 2) * swing, 0.08, 0.09 + 0.05 * random(), random, {
        low: 5000,
        half: 0.018,
      });
  });
  if (strength > 0)
    for (let n = 0; n < 220; n++)
      noise(out, random() * 15, 0.004, 0.12 * random(), random, { low: 900, half: 0.001 });
  if (strength > 1) {
    every(out, 2 * beat, (at, n) => {
      if (n % 3 !== 2)
        fm(out, at + beat / 2 + swing, pick([72, 74, 76, 79, 81], random), 1.2, 0.09, {
          ratio: 3,
          index: 0.6,
          half: 0.4,
        });
    });
  }
  return reverb(out, 0.18, { decay: 0.9, dark: 0.6 });
}

export function techno(out, strength, random) {
  const beat = 60 / (strength === 0 ? 122 : 130);
  const pattern = Array.from({ length: 16 }, () => pick([0, 0, 0, 12, 3, 7, -2, null], random));
  every(out, beat, (at, n) => {
    kick(out, at, strength === 0 ? 0.5 : 0.85, { from: 190, to: 46, half: 0.1 });
    noise(out, at + beat / 2, 0.12, strength === 0 ? 0.07 : 0.2, random, { low: 6000, half: 0.035 });
    if (strength > 0 && n % 2 === 1) noise(out, at, 0.2, 0.24, random, { low: 900, high: 5000, half: 0.05 });
    if (strength > 1)
      for (const part of [0, 0.25, 0.75])
        noise(out, at + part * beat, 0.03, 0.07, random, { low: 8000, half: 0.01 });
  });
  every(out, beat / (strength === 0 ? 1 : 4), (at, n) => {
    const step = strength === 0 ? 0 : pattern[n % 16];
    if (step === null) return;
    const accent = n % 4 === 2 ? 1.6 : 1;
    const open = strength === 0 ? 500 : 350 + 1500 * Math.sin((Math.PI * at) / 15) ** 2;
    saw(out, at, 33 + step, strength === 0 ? 0.3 : 0.11, 0.3, {
      cutoff: (t) => 120 + open * accent * Math.exp(-t * 14),
      resonance: strength === 0 ? 0.2 : 0.85,
      fall: 0.02,
    });
  });
  if (strength > 0) every(out, 4 * beat, (at, n) => stab(out, at + 1.5 * beat, n % 4 === 3 ? 60 : 57));
  return reverb(out, 0.12, { decay: 0.8 });
}

function stab(out, at, root) {
  for (const note of [root, root + 3, root + 7, root + 10])
    saw(out, at, note, 0.22, 0.07, { cutoff: (t) => 2600 * Math.exp(-t * 9) + 300, detune: 0.06, fall: 0.1 });
}

export function synthPop(out, strength, random) {
  const beat = 60 / 112;
  const chords = [
    [57, 60, 64],
    [53, 57, 60],
    [48, 55, 64],
    [55, 59, 62],
  ];
  every(out, 4 * beat, (at, bar) => {
    const chord = chords[bar % 4];
    for (const note of chord)
      saw(out, at, note, 4 * beat, 0.07, {
        cutoff: () => (strength === 0 ? 1200 : 1900),
        detune: 0.09,
        rise: 0.08,
        fall: 0.15,
      });
    const steps = strength === 0 ? 4 : 16;
    for (let i = 0; i < steps; i++) {
      const note = chord[i % 3] + (strength > 0 && i % 6 > 2 ? 24 : 12);
      saw(out, at + (i * 4 * beat) / steps, note, 0.16, 0.11, {
        cutoff: (t) => 5200 * Math.exp(-t * 12) + 500,
        detune: 0.05,
        fall: 0.05,
      });
    }
    const eighths = strength === 0 ? 4 : 8;
    for (let i = 0; i < eighths; i++)
      saw(
        out,
        at + (i * 4 * beat) / eighths,
        chord[0] - 24 + (strength > 0 && i % 2 === 1 ? 12 : 0),
        0.2,
        0.26,
        { cutoff: (t) => 900 * Math.exp(-t * 8) + 200, resonance: 0.4 },
      );
    if (strength === 0) return;
    for (let i = 0; i < 4; i++) {
      kick(out, at + i * beat, i % 2 === 0 ? 0.75 : 0.35, { from: 160, to: 52 });
      if (i % 2 === 1) gatedSnare(out, at + i * beat, random);
      for (const part of [0, 0.5])
        noise(out, at + (i + part) * beat, 0.06, 0.1, random, { low: 7000, half: 0.02 });
    }
    if (strength > 1)
      fm(out, at + pick([0.5, 1.5, 2.5], random) * beat, chord[2] + 24, 1.4, 0.12, {
        ratio: 3.5,
        index: 1.5,
        half: 0.5,
      });
  });
  return reverb(out, 0.15, { decay: 1.1, dark: 0.25 });
}

function gatedSnare(out, at, random) {
  noise(out, at, 0.19, 0.5, random, { low: 250, high: 9000, half: 0.5, tone: 190 });
}

export function ambient(out, strength, random) {
  const chords =
    strength === 0
      ? [[45, 52, 57, 60]]
      : [
          [45, 52, 59, 60, 67],
          [41, 52, 57, 60, 64],
          [48, 50, 55, 64, 67],
          [43, 50, 57, 62, 66],
        ];
  every(out, 3.75, (at, n) => {
    for (const note of chords[n % chords.length]) {
      const drift = 0.3 + 0.4 * random();
      const open =
        strength === 0 ? () => 700 : (t) => 500 + 900 * Math.sin(Math.PI * Math.min(1, (t * drift) / 3)) ** 2;
      saw(out, at - (n === 0 ? 0 : 0.9), note, 5.6, 0.08, {
        cutoff: open,
        detune: 0.07,
        rise: n === 0 ? 0.6 : 1.5,
        fall: 1.6,
      });
    }
  });
  if (strength > 0) {
    const bells = [76, 79, 81, 83, 88, 91];
    for (let at = 1; at < secondsOf(out) - 1; at += 0.7 + 1.3 * random())
      fm(out, at, pick(bells, random), 3, 0.035 * strength, {
        ratio: 2,
        index: 0.5,
        half: 0.9,
        attack: 0.05,
      });
    noise(out, 0, 15, 0.012, random, { low: 300, high: 1600, half: 1000, attack: 3 });
  }
  return reverb(out, strength === 0 ? 0.2 : 0.6, { decay: strength === 0 ? 1.2 : 3.5, dark: 0.35 });
}
