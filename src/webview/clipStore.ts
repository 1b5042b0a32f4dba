import * as l10n from '@vscode/l10n';
import type { ClipFormat } from '../audio/clip';
import { bytesOf, ClipCache } from './clipCache';
import type { Head } from './clipHead';
import { ClipLoader } from './clipLoader';
import type { PlayerTake } from './playerTypes';

export interface StoreOptions {
  /** Hz of the buffers that are made. */
  readonly sampleRate: number;
  readonly fetch: typeof fetch;
  onHead(head: Head): void;
  onLoaded(clip: string, buffer: AudioBuffer): void;
  /** `message` is a sentence for people. */
  onFailed(clip: string, message: string): void;
}

/** What browsers take: Web Audio 1.1 asks for 8 to 96 kHz and 32 channels, Chromium takes more. */
const RATES = { least: 3000, most: 768_000 };
const MOST_CHANNELS = 32;
/** One clip as floats; twenty minutes at 48 kHz in stereo. Takes are filled up to the longest, so a few of these fill a page. */
const MOST_BYTES = 512_000_000;

/** Frames of a clip at another rate; 0 for a clip that no browser can play. */
export function framesAt(sampleRate: number, { frames, channels, sampleRate: from }: ClipFormat): number {
  if (!(from >= RATES.least && from <= RATES.most) || channels < 1 || channels > MOST_CHANNELS) return 0;
  const count = Math.ceil((frames * sampleRate) / from);
  return bytesOf(count, channels) <= MOST_BYTES ? count : 0;
}

/** The decoded clips: those that are shown, those that may come next, and of the others as many as there is room for. */
export class ClipStore {
  private readonly cache = new ClipCache();
  private readonly loader: ClipLoader;
  private readonly failed = new Set<string>();
  private takes: readonly PlayerTake[] = [];
  private later: readonly PlayerTake[] = [];
  private first = '';
  private second = 0;

  constructor(private readonly options: StoreOptions) {
    this.loader = new ClipLoader({
      sampleRate: options.sampleRate,
      fetch: options.fetch,
      onHead: (head) => options.onHead(head),
      onLoaded: ({ clip }, buffer) => {
        this.cache.set(clip, buffer);
        options.onLoaded(clip, buffer);
      },
      onFailed: ({ clip }, message) => this.fail(clip, message),
    });
  }

  /** These are shown, `first` is awaited most, from a second of it on. They stay until others are shown. */
  show(takes: readonly PlayerTake[], first: string, second: number): void {
    this.takes = takes;
    [this.first, this.second] = [first, second];
    this.failed.clear();
    this.cache.pin(takes.map((take) => take.clip));
    for (const { clip, format } of takes) {
      if (this.framesOf(format)) continue;
      this.fail(
        clip,
        l10n.t('The browser cannot play this clip: it is empty, too long or of an unusual rate.'),
      );
    }
    this.request();
  }

  /** This one is awaited most now; if it failed before, it is tried again. */
  prefer(clip: string, second: number): void {
    [this.first, this.second] = [clip, second];
    const take = this.takes.find((shown) => shown.clip === clip);
    if (take && this.framesOf(take.format)) this.failed.delete(clip);
    this.request();
  }

  prefetch(takes: readonly PlayerTake[]): void {
    this.later = takes;
    this.request();
  }

  get(clip: string): AudioBuffer | undefined {
    return this.cache.get(clip);
  }

  /** The same clip, cut or filled to another length. */
  replace(clip: string, buffer: AudioBuffer): void {
    this.cache.set(clip, buffer);
  }

  /** Is it shown and neither there nor given up? */
  isAwaited(clip: string): boolean {
    return this.takes.some((take) => take.clip === clip) && !this.cache.has(clip) && !this.failed.has(clip);
  }

  dispose(): void {
    this.loader.dispose();
    this.takes = [];
    this.cache.clear();
  }

  private request(): void {
    const now = this.takes.filter(({ clip }) => this.isAwaited(clip));
    const wanted = new Set(this.later.map((take) => take.clip));
    let bytes = now.reduce((sum, take) => sum + this.bytesOf(take), 0);
    const later = this.later.filter((take) => {
      const known = this.cache.has(take.clip) || this.takes.some(({ clip }) => clip === take.clip);
      if (known || !this.framesOf(take.format)) return false;
      bytes += this.bytesOf(take);
      return this.cache.hasRoom(bytes, wanted);
    });
    const first = now.find(({ clip }) => clip === this.first) ?? null;
    this.loader.want({ first, second: this.second, now, later });
  }

  private fail(clip: string, message: string): void {
    if (!this.takes.some((take) => take.clip === clip)) return;
    this.failed.add(clip);
    this.options.onFailed(clip, message);
  }

  private framesOf(format: ClipFormat): number {
    return framesAt(this.options.sampleRate, format);
  }

  private bytesOf({ format }: PlayerTake): number {
    return bytesOf(this.framesOf(format), format.channels);
  }
}
