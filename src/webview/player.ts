import type { PlayerOptions, PlayerState, PlayerTake } from './playerTypes';

/**
 * Plays the takes of one prompt together and lets one of them be heard. Switching changes gains and nothing else, so
 * every take stays at the same sample. Seconds count from the clip's start; all takes of a prompt share one length,
 * that of the longest, and end in silence where they are shorter.
 */
export class Player {
  constructor(private readonly options: PlayerOptions) {}

  /** What is heard now, in seconds of the clip: output latency considered, loops wrapped. */
  get position(): number {
    return 0;
  }

  /** Seconds of the longest take that is loaded; 0 when there is none. */
  get duration(): number {
    return 0;
  }

  get state(): PlayerState {
    return { kind: 'empty' };
  }

  /**
   * Shows these takes of one prompt at a second of theirs, `selected` to be heard. Goes on playing if it was playing.
   * Takes that can't be loaded are told by `onProblem`; the others play.
   */
  load(_takes: readonly PlayerTake[], _at: { readonly second: number; readonly selected: string }): void {}

  /** Loads takes that may be wanted next, after everything that is wanted now and as far as the cache has room. */
  prefetch(_takes: readonly PlayerTake[]): void {}

  /** Lets another take of the prompt be heard, at the same sample. A take that is not there yet joins when it is. */
  select(_clip: string): void {}

  play(): void {}

  pause(): void {}

  toggle(): void {}

  seek(_second: number): void {}

  /** Loops a stretch, in seconds, rounded to samples; null or less than 50 ms ends the loop. Kept from prompt to prompt until changed. */
  setLoop(_region: readonly [number, number] | null): void {}

  /** Attenuates a take, in dB ≤ 0, over some milliseconds. */
  setGain(_clip: string, _gainDb: number): void {}

  /** The rate most clips have, in Hz. Another one than before makes a new audio context and loads again. */
  setSampleRate(_sampleRate: number): void {
    this.options.events.onState(this.state);
  }

  /** Falls silent for good and frees everything. */
  dispose(): void {}
}
