/** A stretch of frames [start, end). */
export type FrameRange = readonly [start: number, end: number];

/** Which frame of the clip sounds in which frame of the audio context's clock, while nobody interferes. */
export interface Timeline {
  /** Frame of the context's clock at which `from` sounds. */
  readonly at: number;
  /** Frame of the clip. */
  readonly from: number;
  /** Frames that the clip has. */
  readonly length: number;
  /** Played again and again once reached. `from` lies inside it. */
  readonly loop: FrameRange | null;
  /** What sounds until `at`, when this line takes over without a jump; else nothing counts before `at`. */
  readonly before: Timeline | null;
}

/** The clip's frame at a frame of the context's clock; may be fractional, as the clock may. */
export function frameAt(timeline: Timeline, clock: number): number {
  const { at, from, length, loop, before } = timeline;
  if (clock < at) return before ? frameAt(before, clock) : from;
  const passed = clock - at;
  if (!loop) return Math.min(length, from + passed);
  const [start, end] = loop;
  return start + ((from - start + passed) % (end - start));
}

/** The frame of the context's clock at which the clip is over; never, in a loop. */
export function endOf({ at, from, length, loop }: Timeline): number {
  return loop ? Infinity : at + length - from;
}

/** What sounded of the clip between two frames of the context's clock, in order, cut where the loop went back. */
export function spansBetween(timeline: Timeline, since: number, until: number): FrameRange[] {
  const earlier = timeline.before ? spansBetween(timeline.before, since, Math.min(until, timeline.at)) : [];
  const first = Math.max(since, timeline.at);
  const last = Math.min(until, endOf(timeline));
  if (last <= first) return earlier;
  const begin = frameAt(timeline, first);
  if (!timeline.loop) return [...earlier, [begin, begin + last - first]];
  const [start, end] = timeline.loop;
  const spans = earlier;
  let left = last - first;
  for (let from = begin; left > 0; from = start) {
    const to = Math.min(end, from + left);
    spans.push([from, to]);
    left -= to - from;
  }
  return spans;
}

/** Where playing goes on when `frame` is asked for: inside the loop if there is one. */
export function intoLoop(frame: number, loop: FrameRange | null): number {
  if (!loop) return frame;
  return frame >= loop[0] && frame < loop[1] ? frame : loop[0];
}

/** `line`, less what lies before `clock`. */
export function since(line: Timeline, clock: number): Timeline {
  return { ...line, before: line.before && clock < line.at ? since(line.before, clock) : null };
}

/** Shorter loops are taken for a slip of the mouse. */
const SHORTEST_LOOP_SECONDS = 0.05;

/** The frames of a stretch of seconds, as far as it lies in the clip; null when that is too short to be meant. */
export function loopOf(
  [from, to]: readonly [number, number],
  length: number,
  sampleRate: number,
): FrameRange | null {
  const start = Math.max(0, Math.round(from * sampleRate));
  const end = Math.min(length, Math.round(to * sampleRate));
  return end - start >= SHORTEST_LOOP_SECONDS * sampleRate ? [start, end] : null;
}
