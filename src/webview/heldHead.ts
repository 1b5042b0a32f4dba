import type { Head } from './clipHead';
import type { FrameRange } from './timeline';

/** Seconds before a head is over at which it is given up for what has not come: fades and blocks take their time. */
const MARGIN = 0.05;

/** The head that plays for a take while the rest of it is still to come, if there is one. */
export class HeldHead {
  private head: Head | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  get clip(): string | null {
    return this.head?.clip ?? null;
  }

  hold(head: Head): void {
    this.head = head;
  }

  drop(): void {
    this.head = null;
    clearTimeout(this.timer);
  }

  /** Whether a clip can be heard at a frame, or all through a loop. */
  covers(clip: string, frame: number, loop: FrameRange | null): boolean {
    if (this.head?.clip !== clip) return false;
    const [from, until] = this.head.frames;
    const [first, last] = loop ?? [frame, frame + 1];
    return frame >= from && frame < until && first >= from && last <= until;
  }

  /**
   * Calls `onEnd` in time before the head is over, unless the clip ends with it, or it is dropped or watched anew before. `frame`
   * plays now, on towards the clip's end; null: nothing moves towards it.
   */
  watch(frame: number | null, length: number, sampleRate: number, onEnd: () => void): void {
    clearTimeout(this.timer);
    const until = this.head?.frames[1] ?? length;
    if (frame === null || until >= length) return;
    this.timer = setTimeout(onEnd, ((until - frame) / sampleRate - MARGIN) * 1000);
  }
}
