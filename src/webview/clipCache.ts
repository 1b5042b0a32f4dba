/** With the head of a clip that is still coming 40 MB: some twenty clips of 15 s at 32 kHz. */
export const CACHE_BYTES = 38_000_000;

/** Bytes of a decoded clip: samples are held as 32-bit floats. */
export function bytesOf(frames: number, channels: number): number {
  return frames * channels * 4;
}

/** Decoded clips by clip id. Those that were not used for the longest time go first; pinned ones stay whatever they cost. */
export class ClipCache {
  /** In the order of their last use: a Map keeps the order in which keys were set. */
  private readonly buffers = new Map<string, AudioBuffer>();
  private pinned: ReadonlySet<string> = new Set();

  constructor(private readonly budget = CACHE_BYTES) {}

  get bytes(): number {
    let sum = 0;
    for (const buffer of this.buffers.values()) sum += bytesOf(buffer.length, buffer.numberOfChannels);
    return sum;
  }

  has(clip: string): boolean {
    return this.buffers.has(clip);
  }

  get(clip: string): AudioBuffer | undefined {
    const buffer = this.buffers.get(clip);
    if (buffer) this.set(clip, buffer);
    return buffer;
  }

  set(clip: string, buffer: AudioBuffer): void {
    this.buffers.delete(clip);
    this.buffers.set(clip, buffer);
    this.trim();
  }

  /** These stay, and only these. */
  pin(clips: Iterable<string>): void {
    this.pinned = new Set(clips);
    this.trim();
  }

  /** Would so many bytes more still fit, if everything went that is neither pinned nor in `keep`? */
  hasRoom(bytes: number, keep: ReadonlySet<string>): boolean {
    let held = 0;
    for (const [clip, buffer] of this.buffers) {
      if (this.pinned.has(clip) || keep.has(clip)) held += bytesOf(buffer.length, buffer.numberOfChannels);
    }
    return held + bytes <= this.budget;
  }

  clear(): void {
    this.buffers.clear();
  }

  private trim(): void {
    let bytes = this.bytes;
    for (const [clip, buffer] of this.buffers) {
      if (bytes <= this.budget) return;
      if (this.pinned.has(clip)) continue;
      this.buffers.delete(clip);
      bytes -= bytesOf(buffer.length, buffer.numberOfChannels);
    }
  }
}
