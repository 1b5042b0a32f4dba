import * as l10n from '@vscode/l10n';
import { AudioOutput } from './audioOutput';
import type { Head } from './clipHead';
import { ClipStore, framesAt } from './clipStore';
import { HeldHead } from './heldHead';
import { Mixer } from './mixer';
import type { PlayerOptions, PlayerState, PlayerTake } from './playerTypes';
import { frameAt, intoLoop, loopOf, spansBetween, type FrameRange, type Timeline } from './timeline';

/** How often is looked at the clock while playing; what was heard is told as often. */
const TICK_MS = 500;

/**
 * Plays the takes of one prompt together and lets one of them be heard. Switching changes gains and nothing else, so
 * every take stays at the same sample. Seconds count from the clip's start; all takes of a prompt share one length,
 * that of the longest, and end in silence where they are shorter.
 */
export class Player {
  private readonly end = new AbortController();
  private sampleRate: number;
  private output: AudioOutput | null = null;
  private mixer: Mixer | null = null;
  private store: ClipStore;
  private takes: readonly PlayerTake[] = [];
  private later: readonly PlayerTake[] = [];
  private selected = '';
  /** Someone pressed play, and not yet pause; it may still be loading, or blocked. */
  private wanted = false;
  /** Seconds, while nothing plays. */
  private at = 0;
  private loop: readonly [number, number] | null = null;
  /** Of the selected take. */
  private readonly head = new HeldHead();
  /** Frame of the context's clock up to which onAudible was told. */
  private told = 0;
  private shown: PlayerState['kind'] = 'empty';
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: PlayerOptions) {
    this.sampleRate = usableRate(options.sampleRate);
    this.store = this.newStore();
    const hidden = () => document.visibilityState === 'hidden' && this.pause();
    document.addEventListener('visibilitychange', hidden, { signal: this.end.signal });
  }

  /** What is heard now, in seconds of the clip: output latency considered, loops wrapped. */
  get position(): number {
    const line = this.mixer?.timeline;
    if (!line || !this.output) return this.at;
    return Math.min(this.duration, frameAt(line, this.output.heard) / this.sampleRate);
  }

  /** Seconds of the longest take that is loaded; 0 when there is none. */
  get duration(): number {
    return this.length / this.sampleRate;
  }

  /** Nothing of the takes is still to come. */
  get complete(): boolean {
    return !this.takes.some(({ clip }) => this.store.isAwaited(clip));
  }

  get state(): PlayerState {
    if (!this.takes.length) return { kind: 'empty' };
    if (!this.wanted) return { kind: 'paused' };
    if (this.output?.blocked) return { kind: 'blocked' };
    const plays = this.output?.running && this.mixer?.timeline && this.isThere(this.position);
    return { kind: plays ? 'playing' : 'loading' };
  }

  /**
   * Shows these takes of one prompt at a second of theirs, `selected` to be heard. Goes on playing if it was playing,
   * and keeps the loop. Takes that can't be loaded are told by `onProblem`; the others play.
   */
  load(takes: readonly PlayerTake[], at: { readonly second: number; readonly selected: string }): void {
    this.leave();
    this.takes = takes;
    this.selected = at.selected;
    this.at = this.clamped(at.second);
    this.enter();
  }

  /** Loads takes that may be wanted next, after everything that is wanted now and as far as the cache has room. */
  prefetch(takes: readonly PlayerTake[]): void {
    this.later = takes;
    this.store.prefetch(takes);
  }

  /**
   * Lets another take of the prompt be heard, at the same sample. A take that is not there yet joins when it is; one
   * that was not loaded with the others is silent, and so is one that could not be played.
   */
  select(clip: string): void {
    this.tell();
    if (clip !== this.selected) {
      this.dropHead();
      const [from, to] = [this.take(this.selected), this.take(clip)];
      const equal = from && to && from.sha256 !== null && from.sha256 === to.sha256;
      this.mixer?.select(clip, equal ? 'linear' : 'power');
      this.selected = clip;
    }
    this.store.prefer(clip, this.position);
    this.begin();
  }

  play(): void {
    if (!this.takes.length) return;
    this.wanted = true;
    if (!this.mixer?.timeline && this.at >= this.duration - 1 / this.sampleRate) this.at = 0;
    this.store.prefer(this.selected, this.inLoop(this.at));
    this.output?.wake();
    this.begin();
  }

  pause(): void {
    this.tell();
    this.wanted = false;
    if (this.mixer?.timeline) this.at = this.clamped(this.mixer.stop() / this.sampleRate);
    this.output?.sleep();
    this.show();
  }

  toggle(): void {
    if (this.wanted && !this.output?.blocked) this.pause();
    else this.play();
  }

  /** While a loop is set, any second outside it leads to its start. */
  seek(second: number): void {
    this.tell();
    const at = this.inLoop(this.clamped(second));
    if (!this.isThere(at)) this.dropHead(true);
    this.at = at;
    if (this.mixer?.timeline) this.mixer.start(this.frames(at), this.loopFrames);
    this.show();
  }

  /** Loops a stretch, in seconds, rounded to samples; null, or less than 50 ms of the clip, ends the loop. */
  setLoop(region: readonly [number, number] | null): void {
    this.tell();
    this.loop = region;
    if (!this.isThere(this.position)) this.dropHead(true);
    this.mixer?.setLoop(this.loopFrames);
    this.show();
  }

  /** Attenuates a take, in dB ≤ 0, over some milliseconds. */
  setGain(clip: string, gainDb: number): void {
    this.takes = this.takes.map((take) => (take.clip === clip ? { ...take, gainDb } : take));
    this.mixer?.setGain(clip, gainDb);
  }

  /** The rate most clips have, in Hz. Another one than before makes a new audio context and loads again. */
  setSampleRate(sampleRate: number): void {
    if (usableRate(sampleRate) === this.sampleRate) return;
    this.leave();
    this.close();
    this.sampleRate = usableRate(sampleRate);
    this.store.dispose();
    this.store = this.newStore();
    this.store.prefetch(this.later);
    this.enter();
  }

  /** Falls silent for good and frees everything. */
  dispose(): void {
    this.pause();
    this.end.abort();
    this.leave();
    this.store.dispose();
    this.takes = [];
    this.close();
    clearInterval(this.ticking);
  }

  private enter(): void {
    if (!this.takes.length) {
      this.wanted = false;
      this.store.show([], '', 0);
      this.show();
      return;
    }
    this.output ??= this.newOutput();
    this.store.show(this.takes, this.selected, this.inLoop(this.at));
    const mixer = new Mixer(this.output.context, this.takes, this.selected, this.length, (line) =>
      this.ended(line),
    );
    for (const { clip } of this.takes) {
      const buffer = this.store.get(clip);
      if (buffer) this.store.replace(clip, mixer.join(clip, buffer));
    }
    this.mixer = mixer;
    if (this.wanted) this.output.wake();
    this.begin();
  }

  /** Keeps the second, so that the next `enter` goes on there. */
  private leave(): void {
    this.tell();
    this.at = this.position;
    this.head.drop();
    this.mixer?.release();
    this.mixer = null;
  }

  private close(): void {
    this.output?.dispose();
    this.output = null;
  }

  private begin(): void {
    const { mixer, output } = this;
    if (mixer && this.wanted && !mixer.timeline) {
      this.at = this.inLoop(this.at);
      if (output?.running && this.isThere(this.at)) {
        if (!mixer.isEmpty) mixer.start(this.frames(this.at), this.loopFrames);
        else if (this.complete) this.wanted = false;
        this.told = mixer.clock;
      }
    }
    this.show();
  }

  private ended(line: Timeline): void {
    this.tell(line);
    this.wanted = false;
    this.at = this.duration;
    this.output?.sleep();
    this.show();
  }

  /** The sound device went away under us, or the context was closed: goes on with a new one, if the last one ever ran. */
  private lost(): void {
    const everRan = (this.output?.context.currentTime ?? 0) > 0;
    this.leave();
    this.close();
    if (!everRan && this.wanted) {
      this.wanted = false;
      const message = l10n.t('The sound device does not answer. Check the sound settings, then press play.');
      this.options.events.onProblem(this.selected, message);
    }
    this.enter();
  }

  /** Whether the selected take can be heard from a second on; what could not be loaded is as there as it will be. */
  private isThere(second: number): boolean {
    if (!this.store.isAwaited(this.selected)) return true;
    return this.head.covers(this.selected, this.frames(second), this.loopFrames);
  }

  private begun(head: Head): void {
    if (!this.mixer || head.clip !== this.selected || !this.store.isAwaited(head.clip)) return;
    this.tell();
    this.head.hold(head);
    if (this.isThere(this.position)) this.mixer.join(head.clip, head.buffer);
    else this.head.drop();
    this.begin();
  }

  /** Nothing is heard of the take then, until all of it is there. With `stops`, or when nothing else plays, the second stands still. */
  private dropHead(stops = false): void {
    const { clip } = this.head;
    if (clip === null || !this.mixer) return;
    this.tell();
    this.head.drop();
    this.mixer.part(clip);
    if (this.mixer.timeline && (stops || this.mixer.isEmpty)) {
      this.at = this.clamped(this.mixer.stop() / this.sampleRate);
    }
  }

  private loaded(clip: string, buffer: AudioBuffer): void {
    if (!this.mixer || !this.take(clip)) return;
    this.tell();
    if (this.head.clip === clip) this.head.drop();
    this.store.replace(clip, this.mixer.join(clip, buffer));
    this.begin();
  }

  private newStore(): ClipStore {
    return new ClipStore({
      sampleRate: this.sampleRate,
      fetch: this.options.fetch ?? ((...request) => fetch(...request)),
      onHead: (head) => this.begun(head),
      onLoaded: (clip, buffer) => this.loaded(clip, buffer),
      onFailed: (clip, message) => {
        if (this.head.clip === clip) this.dropHead();
        this.options.events.onProblem(clip, message);
        this.begin();
      },
    });
  }

  private newOutput(): AudioOutput {
    const create = this.options.createContext ?? ((sampleRate) => new AudioContext({ sampleRate }));
    return new AudioOutput(create(this.sampleRate), {
      onChange: () => {
        // It stopped by itself, as when the computer slept.
        if (this.wanted && !this.output?.running && !this.output?.blocked) this.output?.wake();
        this.begin();
      },
      onLost: () => this.lost(),
    });
  }

  /** Tells what was audible since it was last told. Called before anything changes. */
  private tell(line = this.mixer?.timeline): void {
    if (!this.mixer || !line) return;
    const now = this.mixer.clock;
    const spans = this.mixer.has(this.selected) ? spansBetween(line, this.told, now) : [];
    this.told = now;
    for (const [from, to] of spans) {
      this.options.events.onAudible(this.selected, from / this.sampleRate, to / this.sampleRate);
    }
  }

  private show(): void {
    const line = this.mixer?.timeline;
    const frame = line && !line.loop ? frameAt(line, this.mixer?.clock ?? 0) : null;
    this.head.watch(frame, this.length, this.sampleRate, () => {
      this.dropHead(true);
      this.show();
    });
    const tick = () => {
      this.tell();
      this.output?.watch();
    };
    clearInterval(this.ticking);
    if (this.mixer?.timeline) this.ticking = setInterval(tick, TICK_MS);
    const { state } = this;
    if (state.kind === this.shown) return;
    this.shown = state.kind;
    this.options.events.onState(state);
  }

  private get length(): number {
    return Math.max(0, ...this.takes.map(({ format }) => framesAt(this.sampleRate, format)));
  }

  private get loopFrames(): FrameRange | null {
    return this.loop && loopOf(this.loop, this.length, this.sampleRate);
  }

  /** The second itself, or the loop's start when it is outside the loop. */
  private inLoop(second: number): number {
    return intoLoop(this.frames(second), this.loopFrames) / this.sampleRate;
  }

  private clamped(second: number): number {
    return Math.min(this.duration, Math.max(0, second || 0));
  }

  private frames(seconds: number): number {
    return Math.round(seconds * this.sampleRate);
  }

  private take(clip: string): PlayerTake | undefined {
    return this.takes.find((take) => take.clip === clip);
  }
}

/** Web Audio 1.1 promises 8 to 96 kHz; a clip that claims another rate is resampled. */
function usableRate(sampleRate: number): number {
  return Math.min(96_000, Math.max(8000, sampleRate));
}
