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
  /** The line began earlier and was only drawn anew at `at`: what sounded just before it is known too. */
  readonly continues: boolean;
}

/** The clip's frame at a frame of the context's clock; may be fractional, as the clock may. */
export function frameAt(timeline: Timeline, clock: number): number {
  const { at, from, length, loop, continues } = timeline;
  const passed = clock - at;
  if (passed < 0) return continues ? Math.max(0, from + passed) : from;
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
  const first = Math.max(since, timeline.at);
  const last = Math.min(until, endOf(timeline));
  if (last <= first) return [];
  const begin = frameAt(timeline, first);
  if (!timeline.loop) return [[begin, begin + last - first]];
  const [start, end] = timeline.loop;
  const spans: FrameRange[] = [];
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
