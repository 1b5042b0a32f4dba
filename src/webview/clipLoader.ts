import * as l10n from '@vscode/l10n';
import { decodePcm } from '../audio/pcm';
import { fetchSamples } from './clipBytes';
import { fetchHead, type Head } from './clipHead';
import type { PlayerTake } from './playerTypes';
import { toBuffer } from './resample';

export interface LoaderOptions {
  /** Hz of the buffers that are made. */
  readonly sampleRate: number;
  readonly fetch: typeof fetch;
  /** Of a clip that is awaited to be heard: comes, if at all, before the whole. */
  onHead(head: Head): void;
  onLoaded(take: PlayerTake, buffer: AudioBuffer): void;
  /** `message` is a sentence for people. */
  onFailed(take: PlayerTake, message: string): void;
}

export interface Wanted {
  /** Is awaited to be heard: loaded before all others, beginning with what is heard from `second` on. */
  readonly first: PlayerTake | null;
  readonly second: number;
  readonly now: readonly PlayerTake[];
  /** Loaded one by one when there is nothing else to do. */
  readonly later: readonly PlayerTake[];
}

const AT_ONCE = 3;
const nothing: Wanted = { first: null, second: 0, now: [], later: [] };

/** Fetches and decodes clips in the order in which they are wanted. */
export class ClipLoader {
  private wanted = nothing;
  private readonly underWay = new Map<string, AbortController>();
  /** Of those under way: whose head was asked for. */
  private readonly begun = new WeakSet<AbortController>();

  constructor(private readonly options: LoaderOptions) {}

  /** Replaces what was wanted before; what is under way and no longer wanted is given up. */
  want(wanted: Wanted): void {
    this.wanted = wanted;
    const clips = new Set([wanted.first, ...wanted.now, ...wanted.later].map((take) => take?.clip));
    for (const [clip, abort] of this.underWay) {
      if (clips.has(clip)) continue;
      this.underWay.delete(clip);
      abort.abort();
    }
    this.startNext();
  }

  dispose(): void {
    this.want(nothing);
  }

  private startNext(): void {
    const { first, second, now, later } = this.wanted;
    if (first) {
      const abort = this.underWay.get(first.clip);
      if (abort) void this.begin(first, second, abort);
      else this.start(first, second);
      return;
    }
    for (const take of now) if (this.underWay.size < AT_ONCE) this.start(take);
    const next = later[0];
    if (next && !this.underWay.size) this.start(next);
  }

  private start(take: PlayerTake, second: number | null = null): void {
    if (this.underWay.has(take.clip)) return;
    const abort = new AbortController();
    this.underWay.set(take.clip, abort);
    void this.load(take, second, abort).then(
      (buffer) => this.settle(take, abort, () => this.options.onLoaded(take, buffer)),
      (error: unknown) => this.settle(take, abort, () => this.options.onFailed(take, sentenceOf(error))),
    );
  }

  private settle(take: PlayerTake, abort: AbortController, tell: () => void): void {
    if (this.underWay.get(take.clip) !== abort) return;
    this.underWay.delete(take.clip);
    const { first, now, later } = this.wanted;
    const others = (takes: readonly PlayerTake[]) => takes.filter(({ clip }) => clip !== take.clip);
    this.wanted = {
      ...this.wanted,
      first: first?.clip === take.clip ? null : first,
      now: others(now),
      later: others(later),
    };
    tell();
    this.startNext();
  }

  private async load(take: PlayerTake, second: number | null, abort: AbortController): Promise<AudioBuffer> {
    if (second !== null) await this.begin(take, second, abort);
    const { uri, format } = take;
    const bytes = await fetchSamples(uri, format, abort.signal, this.options.fetch);
    try {
      const { channels } = decodePcm(bytes, format);
      return await toBuffer({ channels, sampleRate: format.sampleRate }, this.options.sampleRate);
    } catch (cause) {
      throw new Error(l10n.t('The browser cannot play this clip: its samples could not be decoded.'), {
        cause,
      });
    }
  }

  /** Once only: where all of it is under way already, beside that. */
  private async begin(take: PlayerTake, second: number, abort: AbortController): Promise<void> {
    if (this.begun.has(abort)) return;
    this.begun.add(abort);
    const { sampleRate, fetch } = this.options;
    // What is wrong with the clip is told of the whole.
    const head = await fetchHead(take, second, sampleRate, abort.signal, fetch).catch(() => null);
    if (head !== null && this.underWay.get(take.clip) === abort) this.options.onHead(head);
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
