/** What the page and its audio engine say to each other. The engine is player.ts; tests drive the same interface. */
import type { ClipFormat } from '../audio/clip';

/** One take of the prompt that is played. */
export interface PlayerTake {
  /** Keys the cache of decoded clips; changes when the bytes change. */
  readonly clip: string;
  readonly uri: string;
  readonly format: ClipFormat;
  /** Attenuation of the loudness match, dB, ≤ 0. */
  readonly gainDb: number;
  /** Equal hashes are equal audio: they are crossfaded linearly, different ones with equal power. */
  readonly sha256: string | null;
}

export type PlayerState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'playing' }
  /** The browser wants a click or key inside the page before it lets anything sound. */
  | { readonly kind: 'blocked' };

export interface PlayerEvents {
  onState(state: PlayerState): void;
  /** A clip could not be fetched or decoded: the others play on. */
  onProblem(clip: string, message: string): void;
  /** Seconds of a clip that were audible, reported at least every second while it sounds and at every change. */
  onAudible(clip: string, from: number, to: number): void;
}

export interface PlayerOptions {
  /** The rate most clips have, in Hz; clips of other rates are resampled once when they are loaded. */
  readonly sampleRate: number;
  readonly events: PlayerEvents;
  /** Tests give their own; the default is `new AudioContext({ sampleRate })`. */
  readonly createContext?: (sampleRate: number) => AudioContext;
  readonly fetch?: typeof fetch;
}
