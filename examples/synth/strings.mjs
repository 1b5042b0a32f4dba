// The pieces for strings, bowed and plucked. Arguments: styles.mjs.
import { every, pick, secondsOf } from './grid.mjs';
import { bass, fm, kick, noise, pluck, reverb, saw } from './sound.mjs';

export function cello(out, strength, random) {
  const melody = [50, 57, 58, 57, 55, 53, 52, 50, 45, 50, 53, 57, 62, 60, 58, 57];
  const lengths = strength === 0 ? [1.5] : [2.1, 0.7, 0.7, 1.4, 0.7, 0.7, 1.4, 2.1];
  let at = 0.1;
  for (let n = 0; at < secondsOf(out); n++) {
    const seconds = lengths[n % lengths.length];
    const note = melody[n % melody.length];
    const before = n === 0 ? 0 : melody[(n - 1) % melody.length] - note;
    const depth = strength === 0 ? 0.02 : 0.22;
    const rate = 5.1 + 0.6 * random();
    bow(out, at, note, seconds * 1.12, 0.34, strength, {
      bend: (t) =>
        depth * Math.min(1, t / 0.5) * Math.sin(2 * Math.PI * rate * t) +
        (strength > 0 ? before * Math.max(0, 1 - t / 0.07) : 0),
    });
    if (strength > 0) noise(out, at, 0.12, 0.02, random, { low: 1500, high: 6000, half: 0.04, attack: 0.02 });
    if (strength > 1 && seconds > 1.3) bow(out, at + 0.03, note < 55 ? 38 : 43, seconds, 0.14, strength, {});
    at += seconds;
  }
  return reverb(out, strength === 0 ? 0.15 : 0.32, { decay: 1.8, dark: 0.5 });
}

function bow(out, at, note, seconds, gain, strength, { bend = null }) {
  const swell = (t) => (strength === 0 ? 1 : 0.75 + 0.5 * Math.sin((Math.PI * t) / seconds));
  saw(out, at, note, seconds, gain, {
    cutoff: (t) => 900 * swell(t) + 4 * note,
    resonance: 0.35,
    rise: strength === 0 ? 0.05 : 0.16,
    fall: 0.22,
    bend,
  });
}

export function bossa(out, strength, random) {
  const beat = 60 / 128;
  const chords = [
    [38, 57, 60, 65, 69],
    [43, 56, 59, 65, 69],
    [36, 55, 59, 64, 67],
    [45, 55, 61, 64, 70],
  ];
  // Two bars of eighths: the off-beats that make it bossa.
  const comp = strength === 0 ? [0, 2, 4, 6, 8, 10, 12, 14] : [0, 3, 6, 8, 11, 13];
  every(out, 8 * beat, (at, n) => {
    for (const eighth of comp) {
      const [, ...notes] = chords[(2 * n + (eighth >= 8 ? 1 : 0)) % 4];
      notes.forEach((note, i) =>
        pluck(out, at + (eighth * beat) / 2 + i * 0.008 * random(), note, 0.9, 0.3, random, {
          bright: 0.22,
          ring: 1.6,
        }),
      );
    }
    for (const half of [0, 1, 2, 3]) {
      const [root] = chords[(2 * n + (half > 1 ? 1 : 0)) % 4];
      const note = half % 2 === 1 && strength > 0 ? root + 7 : root;
      bass(out, at + 2 * half * beat, note, 0.8, 0.3, { half: 0.4, octave: 0.35 });
      if (strength > 0 && half % 2 === 1)
        bass(out, at + (2 * half - 0.5) * beat, note, 0.22, 0.22, { half: 0.2, octave: 0.35 });
    }
    if (strength === 0) return;
    for (let i = 0; i < 16; i++)
      noise(out, at + (i * beat) / 2, 0.11, i % 2 === 0 ? 0.05 : 0.09, random, {
        low: 4500,
        half: 0.03,
        attack: 0.012,
      });
    for (const eighth of [0, 3, 6, 10, 13])
      fm(out, at + (eighth * beat) / 2, 91, 0.06, 0.09, { ratio: 1.7, index: 2, half: 0.012 });
  });
  if (strength > 1) {
    every(out, 1.5 * beat, (at, n) => {
      if (n % 5 !== 4)
        pluck(out, at + beat / 2, pick([72, 74, 76, 77, 79, 81], random), 1.1, 0.34, random, {
          bright: 0.35,
          ring: 2,
        });
    });
  }
  return reverb(out, 0.16, { decay: 1 });
}

export function guzheng(out, strength, random) {
  const scale = [50, 52, 54, 57, 59, 62, 64, 66, 69, 71, 74, 76, 78, 81, 83, 86];
  const string = { bright: 0.72, ring: 4.5 };
  const beat = strength === 0 ? 0.6 : 0.72;
  let place = 8;
  every(out, beat, (at, n) => {
    place = Math.max(4, Math.min(12, place + pick([-2, -1, -1, 1, 1, 2], random)));
    const note = scale[place];
    if (strength === 0) return pluck(out, at, note, 1.5, 0.4, random, string);
    if (n % 8 === 7) return glissando(out, at - 0.25, scale, random, n % 16 === 15 ? -1 : 1, string);
    const bent = n % 4 === 2;
    const bend = bent
      ? (t) => 2 * Math.min(1, Math.max(0, (t - 0.12) / 0.15)) * Math.max(0.5, 1 - t / 3)
      : n % 3 === 1
        ? (t) => 0.3 * Math.exp(-t) * Math.sin(2 * Math.PI * 5.5 * t)
        : null;
    pluck(out, at, note, 2.4, 0.42, random, { ...string, bend });
    if (n % 4 === 0) pluck(out, at, scale[place % 5] - 12, 3, 0.35, random, { ...string, bright: 0.5 });
    if (n % 5 === 3)
      for (let i = 1; i < 6; i++) pluck(out, at + i * 0.085, note, 0.5, 0.16 + 0.03 * i, random, string);
    else if (strength > 1 && n % 2 === 1)
      pluck(out, at + beat / 2, scale[place + 2], 1.4, 0.28, random, string);
  });
  return reverb(out, strength === 0 ? 0.1 : 0.25, { decay: 1.6, dark: 0.3 });
}

function glissando(out, at, scale, random, direction, string) {
  const notes = direction > 0 ? scale : [...scale].reverse();
  notes.forEach((note, i) =>
    pluck(out, Math.max(0, at + i * 0.055), note, 1.6, 0.16 + 0.012 * i, random, string),
  );
}

export function blues(out, strength, random) {
  const beat = 60 / 92;
  const steel = { bright: 0.5, ring: 2.2 };
  const roots = [40, 40, 45, 40, 47, 45];
  const swing = strength === 0 ? 0.5 : 2 / 3;
  every(out, 4 * beat, (at, bar) => {
    const root = roots[bar % roots.length];
    for (let i = 0; i < 4; i++) {
      const top = strength === 0 ? 7 : i % 2 === 0 ? 7 : 9;
      for (const [part, level] of [
        [0, 0.36],
        [swing, 0.24],
      ]) {
        const start = at + (i + part) * beat;
        pluck(out, start, root, 0.5, level, random, { bright: 0.35, ring: 1 });
        pluck(out, start + 0.006, root + top, 0.5, level, random, { bright: 0.35, ring: 1 });
      }
      if (strength > 0) kick(out, at + i * beat, 0.28, { from: 90, to: 60, half: 0.04 });
    }
    if (strength === 0) return;
    const lick = [64, 67, 69, 70, 71, 74, 76];
    let place = Math.floor(random() * 4);
    for (const hit of [0.67, 1, 1.67, 2.67, 3, 3.33]) {
      place = Math.max(0, Math.min(6, place + pick([-1, -1, 1, 2], random)));
      const slide =
        random() < 0.5
          ? (t) => -1.6 * Math.exp(-t * 16)
          : (t) => 0.25 * Math.sin(2 * Math.PI * 6 * t) * Math.min(1, t);
      pluck(out, at + hit * beat, lick[place], strength > 1 ? 1.2 : 0.8, 0.42, random, {
        ...steel,
        bend: slide,
      });
    }
    if (strength > 1) pluck(out, at + 3.67 * beat, root + 19, 0.7, 0.3, random, steel);
  });
  return reverb(out, 0.12, { decay: 0.7 });
}
