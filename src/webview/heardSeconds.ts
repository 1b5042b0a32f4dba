/** What counts as heard: five seconds of a clip, or half of a shorter one, each second counted once. */
export const ENOUGH_SECONDS = 5;

/** Distinct stretches of a clip that have sounded, ordered and apart from each other, in seconds. */
export type Stretches = readonly (readonly [number, number])[];

/** Adds a stretch and joins what touches. */
export function addStretch(stretches: Stretches, from: number, to: number): Stretches {
  if (!(to > from)) return stretches;
  const apart = stretches.filter(([start, end]) => end < from || start > to);
  const touching = stretches.filter(([start, end]) => end >= from && start <= to);
  const joined: [number, number] = [
    Math.min(from, ...touching.map(([start]) => start)),
    Math.max(to, ...touching.map(([, end]) => end)),
  ];
  return [...apart, joined].sort(([a], [b]) => a - b);
}

export function secondsHeard(stretches: Stretches): number {
  return stretches.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** `duration` of the clip in seconds. A hundredth is forgiven: playback is reported in blocks. */
export function isEnough(stretches: Stretches, duration: number): boolean {
  return secondsHeard(stretches) + 0.01 >= Math.min(ENOUGH_SECONDS, duration / 2);
}
