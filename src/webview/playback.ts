import { Player } from './player';
import type { PlayerEvents, PlayerState, PlayerTake } from './playerTypes';

export interface PlaybackEvents extends Omit<PlayerEvents, 'onState'> {
  /** The state, or what is wanted, has changed. */
  onChange(): void;
}

/**
 * Keeps the audio engine at what the page shows. It holds the second and the wish to play while the chosen take can't
 * be played (not known yet, or no such clip): silence then, never another take.
 */
export class Playback {
  private player: Player | null = null;
  /** The takes that were loaded, as a key; '' while the engine is empty. */
  private loaded = '';
  private selected = '';
  private prefetched = '';
  private gains = new Map<string, number>();
  private second = 0;
  private jump = false;
  private wants = false;
  private region: readonly [number, number] | null = null;

  constructor(private readonly events: PlaybackEvents) {}

  /** Someone pressed play and not yet pause, whether or not there is anything to play. */
  get wanted(): boolean {
    return this.wants;
  }

  get state(): PlayerState['kind'] {
    return this.player?.state.kind ?? 'empty';
  }

  /** Seconds from the clip's start. */
  get position(): number {
    return this.loaded === '' || this.jump || this.player === null ? this.second : this.player.position;
  }

  /**
   * Has these takes ready and `selected` heard; null: silence for now. Takes that are ready already play on.
   * `sampleRate` (Hz) is taken up while nothing sounds.
   */
  show(takes: readonly PlayerTake[], selected: string | null, sampleRate: number): void {
    const ready = selected !== null && takes.some((take) => take.clip === selected) ? selected : null;
    if (ready === null) {
      this.unload();
      return;
    }
    const player = (this.player ??= this.newPlayer(sampleRate));
    const { wants, position, jump } = this;
    const key = JSON.stringify(takes.map((take) => [take.clip, take.uri]));
    const isLoaded = key === this.loaded;
    const changed = takes.filter((take) => this.gains.get(take.clip) !== take.gainDb);
    const switched = ready !== this.selected;
    this.loaded = key;
    this.selected = ready;
    this.gains = new Map(takes.map((take) => [take.clip, take.gainDb]));
    this.jump = false;
    if (!wants) player.setSampleRate(sampleRate);
    if (isLoaded) {
      if (switched) player.select(ready);
      if (jump) player.seek(position);
      for (const take of changed) player.setGain(take.clip, take.gainDb);
    } else {
      player.load(takes, { second: position, selected: ready });
      // The engine tells that it is paused when it has something to play again; what was wanted stays wanted.
      this.wants = wants;
    }
    if (wants && player.state.kind === 'paused') player.play();
  }

  prefetch(takes: readonly PlayerTake[]): void {
    const key = JSON.stringify(takes.map((take) => [take.clip, take.uri]));
    if (this.player === null || key === this.prefetched) return;
    this.prefetched = key;
    this.player.prefetch(takes);
  }

  /** The next `show` starts at this second. */
  from(second: number): void {
    this.second = second;
    this.jump = true;
  }

  play(): void {
    this.wants = true;
    if (this.loaded !== '') this.player?.play();
    this.events.onChange();
  }

  pause(): void {
    this.wants = false;
    this.player?.pause();
    this.events.onChange();
  }

  toggle(): void {
    if (this.wants && this.state !== 'blocked') this.pause();
    else this.play();
  }

  seek(second: number): void {
    this.second = second;
    if (this.loaded === '') this.jump = true;
    else this.player?.seek(second);
    this.events.onChange();
  }

  /** In seconds; null plays on to the end. */
  setLoop(region: readonly [number, number] | null): void {
    if (region?.[0] === this.region?.[0] && region?.[1] === this.region?.[1]) return;
    this.region = region;
    this.player?.setLoop(region);
  }

  dispose(): void {
    this.player?.dispose();
    this.player = null;
  }

  private unload(): void {
    if (this.loaded === '') return;
    const { wants } = this;
    this.second = this.position;
    this.jump = true;
    this.loaded = '';
    this.player?.load([], { second: 0, selected: '' });
    this.wants = wants;
  }

  private newPlayer(sampleRate: number): Player {
    const player = new Player({
      sampleRate,
      events: {
        onState: (state) => {
          if (state.kind === 'paused') this.wants = false;
          this.events.onChange();
        },
        onProblem: (clip, message) => this.events.onProblem(clip, message),
        onAudible: (clip, from, to) => this.events.onAudible(clip, from, to),
      },
    });
    player.setLoop(this.region);
    return player;
  }
}
