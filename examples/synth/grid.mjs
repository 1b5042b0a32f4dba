// Where notes fall, and which.
import { RATE } from './sound.mjs';

export const secondsOf = (out) => out.length / RATE;
export const pick = (list, random) => list[Math.floor(random() * list.length)];

/** Calls play(start in seconds, number) for every step of the grid. */
export function every(out, step, play) {
  for (let n = 0; n * step < secondsOf(out) - 0.02; n++) play(n * step, n);
}
