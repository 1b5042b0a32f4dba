import { Fader, gainOfDb, type FadeShape } from './crossfade';
import type { PlayerTake } from './playerTypes';
import { ofLength } from './resample';
import { frameAt, intoLoop, since, type FrameRange, type Timeline } from './timeline';

/** Seconds of the crossfade between takes: within the 5–10 ms that neither click nor blur. */
const SWITCH_SECONDS = 0.008;
/** Seconds of the fade at start, pause and seek. */
const EDGE_SECONDS = 0.005;
const TRIM_SECONDS = 0.03;
/** Frames that an audio context renders at once. */
const BLOCK = 128;
/** Frames from a key press to the gain's first change: one block of 128 may be rendered while the change is described. */
const GAIN_LEAD = 192;
/** Seconds from now at which sources start. When the page was held up for longer than that, the next is tried. */
const START_LEADS = [0.02, 0.08, 0.4];
/** The same where nobody waits: the longer, the surer. */
const JOIN_LEADS = [0.1, 0.4];

/** One source that plays; a strip has one, and for moments, while a seek fades, an older one. */
interface Voice {
  readonly strip: Strip;
  readonly source: AudioBufferSourceNode;
  readonly edge: Fader;
  /** Seconds of the context's clock. */
  stopAt: number;
  fading: boolean;
}

/** Where a source begins in the clip, and the seconds of its fade in. */
interface Entry {
  readonly from: number;
  readonly edge: number;
}

/** source → edge (fades at start and stop) → choice (0 or 1: which take is heard) → trim (loudness match) → out. */
interface Strip {
  readonly input: GainNode;
  readonly output: GainNode;
  readonly choice: Fader;
  readonly trim: Fader;
  buffer: AudioBuffer | null;
}

/**
 * The takes of one prompt on one audio context. All of them play together from one frame of the context's clock;
 * which one is heard is a matter of gains alone. Clock values are in frames of the context, all others in frames of
 * the clip, which are as long.
 */
export class Mixer {
  private readonly strips = new Map<string, Strip>();
  private readonly voices = new Set<Voice>();
  private line: Timeline | null = null;
  private released = false;

  constructor(
    private readonly context: BaseAudioContext,
    takes: readonly PlayerTake[],
    private selected: string,
    /** Frames that all takes are cut or filled to. */
    readonly length: number,
    private readonly onEnd: (line: Timeline) => void,
  ) {
    for (const take of takes) this.strips.set(take.clip, this.newStrip(take));
  }

  /** What plays when; null while nothing plays. */
  get timeline(): Timeline | null {
    return this.line;
  }

  get clock(): number {
    return this.context.currentTime * this.context.sampleRate;
  }

  get isEmpty(): boolean {
    return ![...this.strips.values()].some((strip) => strip.buffer);
  }

  has(clip: string): boolean {
    return Boolean(this.strips.get(clip)?.buffer);
  }

  /** Gives a take its samples; if the others play already, it joins them. Returns the samples at the mixer's length. */
  join(clip: string, buffer: AudioBuffer): AudioBuffer {
    const fitted = ofLength(buffer, this.length);
    const strip = this.strips.get(clip);
    if (!strip) return fitted;
    strip.buffer = fitted;
    if (this.line) this.goOn(this.line, this.line.loop, JOIN_LEADS);
    return fitted;
  }

  /** Takes its samples from a take: it falls silent, and the others play on. */
  part(clip: string): void {
    const strip = this.strips.get(clip);
    if (!strip) return;
    strip.buffer = null;
    const its = [...this.voices].filter((voice) => voice.strip === strip);
    this.end(its, this.soon(GAIN_LEAD), EDGE_SECONDS);
  }

  /** Lets another take be heard. */
  select(clip: string, shape: FadeShape): void {
    const at = this.seconds(this.soon(GAIN_LEAD));
    this.strips.get(this.selected)?.choice.fade(0, at, SWITCH_SECONDS, shape);
    this.strips.get(clip)?.choice.fade(1, at, SWITCH_SECONDS, shape);
    this.selected = clip;
  }

  setGain(clip: string, gainDb: number): void {
    const at = this.seconds(this.soon(GAIN_LEAD));
    this.strips.get(clip)?.trim.fade(gainOfDb(gainDb), at, TRIM_SECONDS, 'linear');
  }

  /** Plays from a frame on, which lies inside the loop if there is one. What played before fades out as this fades in. */
  start(from: number, loop: FrameRange | null): void {
    const inside = Math.min(from, this.length - 1);
    this.takeOver(loop, START_LEADS, () => ({ from: inside, edge: EDGE_SECONDS }));
  }

  /**
   * Begins or ends a loop while playing. Inside the loop nothing is heard of it: new sources take over at one frame,
   * with the sample that is due there. From outside it is a jump to the loop's start.
   */
  setLoop(loop: FrameRange | null): void {
    if (this.line) this.goOn(this.line, loop, START_LEADS);
  }

  /** Falls silent; returns the frame at which it did. */
  stop(): number {
    const line = this.line;
    const at = this.soon(GAIN_LEAD);
    this.end([...this.voices], at, EDGE_SECONDS);
    this.line = null;
    return line ? frameAt(line, at) : 0;
  }

  /** Falls silent for good. */
  release(): void {
    this.stop();
    this.released = true;
    this.tidy();
  }

  private goOn(line: Timeline, loop: FrameRange | null, leads: readonly number[]): void {
    this.takeOver(loop, leads, (at) => {
      const due = frameAt(line, at);
      const from = intoLoop(due, loop);
      return { from, edge: from === due ? 0 : EDGE_SECONDS };
    });
  }

  /**
   * Starts all takes that have samples at one frame that is still to come, and ends what played until then. Also when
   * one take joins the others, all are started anew: only sources that are described in one go are sure to begin
   * together, as a busy audio thread may take up later ones too late.
   */
  private takeOver(loop: FrameRange | null, leads: readonly number[], plan: (at: number) => Entry): void {
    const old = [...this.voices];
    const before = this.line && since(this.line, this.clock);
    for (const [attempt, lead] of leads.entries()) {
      const at = this.soon(Math.round(lead * this.context.sampleRate));
      const { from, edge } = plan(at);
      // Over before it would begin: what plays ends by itself.
      if (from >= this.length) return;
      const voices = [...this.strips.values()].flatMap((strip) => {
        const isNew = !old.some((voice) => voice.strip === strip && voice.stopAt === Infinity);
        return this.newVoice(strip, at, loop, { from, edge: isNew ? EDGE_SECONDS : edge }) ?? [];
      });
      // A source that is told its start too late starts late, apart from the others: then all are told once more.
      if (this.clock + BLOCK > at && attempt < leads.length - 1) {
        this.end(voices, 0, 0);
        continue;
      }
      this.end(old, at, edge);
      this.line = { at, from, length: this.length, loop, before: edge ? null : before };
      return;
    }
  }

  private newVoice(strip: Strip, at: number, loop: FrameRange | null, { from, edge }: Entry): Voice | null {
    if (!strip.buffer) return null;
    const source = new AudioBufferSourceNode(this.context, { buffer: strip.buffer, loop: loop !== null });
    if (loop) [source.loopStart, source.loopEnd] = [this.seconds(loop[0]), this.seconds(loop[1])];
    const gain = new GainNode(this.context);
    source.connect(gain).connect(strip.input);
    const fader = new Fader(gain.gain, edge ? 0 : 1);
    const voice: Voice = { strip, source, edge: fader, stopAt: Infinity, fading: false };
    if (edge) voice.edge.fade(1, this.seconds(at), edge, 'linear');
    source.onended = () => this.ended(voice, gain);
    source.start(this.seconds(at), this.seconds(from));
    this.voices.add(voice);
    return voice;
  }

  private end(voices: readonly Voice[], at: number, edge: number): void {
    for (const voice of voices) {
      if (voice.fading) continue;
      voice.fading = edge > 0;
      if (edge) voice.edge.fade(0, this.seconds(at), edge, 'linear');
      voice.stopAt = Math.min(voice.stopAt, this.seconds(at) + edge);
      voice.source.stop(voice.stopAt);
    }
  }

  private ended(voice: Voice, gain: GainNode): void {
    this.voices.delete(voice);
    gain.disconnect();
    this.tidy();
    const line = this.line;
    if (voice.stopAt !== Infinity || !line) return;
    this.line = null;
    this.onEnd(line);
  }

  private tidy(): void {
    if (!this.released || this.voices.size) return;
    for (const strip of this.strips.values()) strip.output.disconnect();
  }

  private newStrip({ clip, gainDb }: PlayerTake): Strip {
    const choice = new GainNode(this.context);
    const trim = new GainNode(this.context);
    choice.connect(trim).connect(this.context.destination);
    return {
      input: choice,
      output: trim,
      choice: new Fader(choice.gain, clip === this.selected ? 1 : 0),
      trim: new Fader(trim.gain, gainOfDb(gainDb)),
      buffer: null,
    };
  }

  private soon(lead: number): number {
    return Math.round(this.clock) + lead;
  }

  private seconds(frames: number): number {
    return frames / this.context.sampleRate;
  }
}
