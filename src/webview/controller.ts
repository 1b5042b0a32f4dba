import * as l10n from '@vscode/l10n';
import type { ClipAnalysisView, ComparisonState, Moment } from '../protocol';
import type { Controls } from './controls';
import { addStretch, isEnough, type Stretches } from './heardSeconds';
import type { Host } from './host';
import { currentPrompt, currentTake } from './lane';
import { neighbour, nextUnheard } from './navigate';
import { Playback } from './playback';
import { parseSavedPage, savedPage } from './savedPage';
import { playerTakes, sceneOf, secondsOf, type Scene } from './scene';
import { emptyPage, reduce, type Action, type Page } from './state';
import { wantedClips } from './wanted';

/** Half the length of a loop that is set around the playhead, in seconds. */
const AROUND_SECONDS = 2;
const SAVE_MS = 250;

export interface ControllerOptions {
  readonly host: Host;
  readonly draw: (scene: Scene) => void;
  readonly announce: (text: string) => void;
}

/** Holds the page's state and keeps host, sound and screen at it. */
export class Controller implements Controls {
  private page: Page;
  private analyses: ReadonlyMap<string, ClipAnalysisView> = new Map();
  private readonly playback: Playback;
  private readonly heard = new Map<string, Stretches>();
  private rows: readonly string[] = [];
  private sampleRate = 0;
  private asked = '';
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private drawn = true;
  private readonly host: Host;
  private readonly matchSaved: boolean;

  constructor(private readonly options: ControllerOptions) {
    this.host = options.host;
    const saved = parseSavedPage(this.host.saved);
    const { prompt, take, filter, loop, loudnessMatch, overview, drafts, editing } = saved;
    this.page = { ...emptyPage, prompt, take, filter, loop, overview, drafts, editing };
    this.page = { ...this.page, hidden: new Set(saved.hidden), loudnessMatch: loudnessMatch ?? true };
    this.matchSaved = loudnessMatch !== null;
    this.playback = new Playback({
      onChange: () => this.later(),
      onProblem: (clip, message) => {
        this.dispatch({ type: 'unplayable', clip, message });
        this.announce(message);
      },
      onAudible: (clip, from, to) => this.sounded(clip, from, to),
    });
    this.playback.from(saved.second);
  }

  get scene(): Scene {
    return sceneOf(this.page, this.analyses, { player: this.playback.state, wanted: this.playback.wanted });
  }

  get position(): number {
    return this.playback.position;
  }

  get isBlocked(): boolean {
    return this.playback.state === 'blocked';
  }

  dispatch(action: Action): void {
    const before = this.page;
    this.page = reduce(before, action);
    if (this.page === before) return;
    if (this.page.prompt !== before.prompt || this.page.take !== before.take) this.moved(before);
    this.sound();
    this.ask();
    this.later();
    this.save();
  }

  takeState(comparison: ComparisonState): void {
    const first = this.page.comparison === null;
    this.dispatch({ type: 'state', comparison });
    if (first && !this.matchSaved) this.dispatch({ type: 'match', on: comparison.loudnessMatch });
    const { clips } = this.page.index;
    this.analyses = new Map([...this.analyses].filter(([clip]) => clips.has(clip)));
    this.sound();
  }

  takeAnalyses(clips: readonly ClipAnalysisView[]): void {
    const known = new Map(this.analyses);
    for (const clip of clips) if (this.page.index.clips.has(clip.clip)) known.set(clip.clip, clip);
    this.analyses = known;
    this.sampleRate = commonRate(known.values());
    this.sound();
    this.later();
  }

  chooseTake(take: string): void {
    this.go(this.page.prompt, take);
  }

  choosePrompt(prompt: string): void {
    this.go(prompt, this.page.take);
  }

  stepPrompt(step: 1 | -1): void {
    const next = neighbour(this.page, step);
    if (next !== null) this.choosePrompt(next);
    else this.announce(step === 1 ? l10n.t('This is the last prompt.') : l10n.t('This is the first prompt.'));
  }

  showMoment(moment: Moment, play: boolean): void {
    this.go(moment.prompt ?? this.page.prompt, moment.take ?? this.page.take);
    const { loop } = this.page;
    const outside = moment.second !== null && loop?.on === true && !within(moment.second, loop);
    if (outside) this.dispatch({ type: 'loop', loop: { ...loop, on: false } });
    if (moment.second !== null) this.seek(moment.second);
    if (play) this.playback.play();
  }

  nextUnheard(): void {
    const next = nextUnheard(this.page);
    if (next === null) this.announce(l10n.t('Every clip was heard.'));
    else this.showMoment({ ...next, second: this.page.loop?.on === true ? null : 0 }, true);
  }

  toggle(): void {
    this.playback.toggle();
  }

  /** To be called from a click or key in the page: the browser then lets it sound. */
  unblock(): void {
    this.playback.play();
  }

  seek(second: number): void {
    const { duration } = this.scene;
    this.playback.seek(Math.min(Math.max(0, second), duration > 0 ? duration : second));
    this.save();
  }

  seekBy(seconds: number): void {
    this.seek(this.position + seconds);
  }

  toggleLoop(): void {
    const { loop } = this.page;
    if (loop !== null) this.dispatch({ type: 'loop', loop: { ...loop, on: !loop.on } });
    else this.setLoop(this.position - AROUND_SECONDS, this.position + AROUND_SECONDS);
  }

  setLoop(from: number, to: number): void {
    const { duration } = this.scene;
    const [start, end] = [Math.max(0, from), Math.min(duration, to)];
    if (end - start >= 0.05) this.dispatch({ type: 'loop', loop: { from: start, to: end, on: true } });
  }

  setLoopEdge(edge: 'from' | 'to'): void {
    const { position } = this;
    const { from = 0, to = Infinity } = this.page.loop ?? {};
    if (edge === 'from') this.setLoop(position, to > position ? to : Infinity);
    else this.setLoop(from < position ? from : 0, position);
  }

  clearLoop(): void {
    this.dispatch({ type: 'loop', loop: null });
  }

  announce(text: string): void {
    this.options.announce(text);
  }

  copy(text: string): void {
    this.host.post({ type: 'copyText', text });
  }

  openRun(take: string): void {
    this.host.post({ type: 'openRun', take });
  }

  openNotes(): void {
    this.host.post({ type: 'openNotes' });
  }

  pasteRemarks(): void {
    this.host.post({ type: 'pasteRemarks' });
  }

  saveNote(note: Parameters<Controls['saveNote']>[0]): Promise<void> {
    return this.host.ask({ type: 'saveNote', ...note });
  }

  retractNote(note: string): Promise<void> {
    return this.host.ask({ type: 'retractNote', note });
  }

  inView(prompts: readonly string[]): void {
    this.rows = prompts;
    this.ask();
  }

  /** In one step: a take that is only passed would be fetched before the one that is to be heard. */
  private go(prompt: string | null, take: string | null): void {
    const { loop } = this.page;
    if (prompt !== this.page.prompt) this.playback.from(loop?.on === true ? loop.from : 0);
    else if (take === this.page.take) return;
    this.dispatch({ type: 'go', prompt, take });
  }

  /** Keeps everything for a reload, now. */
  saveNow(): void {
    clearTimeout(this.saveTimer);
    const { comparison } = this.page;
    if (comparison === null) return;
    this.host.save({ restore: comparison.restore, page: savedPage(this.page, this.position) });
  }

  private save(): void {
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => this.saveNow(), SAVE_MS);
  }

  private later(): void {
    if (!this.drawn) return;
    this.drawn = false;
    queueMicrotask(() => {
      this.drawn = true;
      this.options.draw(this.scene);
    });
  }

  private moved(before: Page): void {
    this.host.post({ type: 'at', prompt: this.page.prompt, take: this.page.take });
    if (before.comparison === null) return;
    const prompt = currentPrompt(this.page);
    const words = [
      this.page.prompt === before.prompt ? '' : `${prompt?.number ?? ''}: ${prompt?.text ?? ''}`,
      this.page.take === before.take ? '' : (currentTake(this.page)?.label ?? ''),
      this.scene.lane?.notice ?? '',
    ];
    this.announce(words.filter((part) => part !== '').join('. '));
  }

  private sound(): void {
    const { lanes, lane } = this.scene;
    const { loop } = this.page;
    this.playback.setLoop(loop?.on === true ? [loop.from, loop.to] : null);
    if (this.sampleRate === 0) return;
    this.playback.show(playerTakes(lanes), lane?.clip?.id ?? null, this.sampleRate);
    const next = neighbour(this.page, 1);
    if (next === null) return;
    const scene = sceneOf({ ...this.page, prompt: next }, this.analyses, { player: 'paused', wanted: false });
    this.playback.prefetch(playerTakes(scene.lanes));
  }

  /** Asks for what is not known, when that is another list than the last one. */
  private ask(): void {
    const rows = this.page.overview ? this.rows : [];
    const clips = wantedClips(this.page, rows, (clip) => this.analyses.has(clip));
    const key = clips.join('\n');
    if (!clips.length || key === this.asked) return;
    this.asked = key;
    this.host.post({ type: 'analyse', clips: [...clips] });
  }

  private sounded(clip: string, from: number, to: number): void {
    const stretches = addStretch(this.heard.get(clip) ?? [], from, to);
    this.heard.set(clip, stretches);
    const view = this.page.index.clips.get(clip);
    const duration = secondsOf(this.analyses.get(clip));
    if (view === undefined || view.heard || this.page.heardHere.has(clip) || !isEnough(stretches, duration))
      return;
    this.dispatch({ type: 'heard', clip });
    const [start, end] = [stretches[0]?.[0] ?? 0, stretches.at(-1)?.[1] ?? 0];
    this.host.post({ type: 'heard', clip, seconds: [start, end] });
  }
}

function within(second: number, loop: { readonly from: number; readonly to: number }): boolean {
  return second >= loop.from && second < loop.to;
}

/** The sample rate that most clips have, in Hz; 0 while none is known. */
function commonRate(analyses: Iterable<ClipAnalysisView>): number {
  const counts = new Map<number, number>();
  for (const { format } of analyses) {
    if (format !== null) counts.set(format.sampleRate, (counts.get(format.sampleRate) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}
