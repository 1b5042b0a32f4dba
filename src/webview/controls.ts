import type { Moment, NoteScope } from '../protocol';
import type { Action } from './state';

/** What a part of the page can ask for. */
export interface Controls {
  dispatch(action: Action): void;
  /** Lets a take be heard at the second the playhead is at. */
  chooseTake(take: string): void;
  /** Shows a prompt from its start (or the loop's). */
  choosePrompt(prompt: string): void;
  stepPrompt(step: 1 | -1): void;
  showMoment(moment: Moment, play: boolean): void;
  nextUnheard(): void;
  toggle(): void;
  seek(second: number): void;
  seekBy(seconds: number): void;
  /** Seconds from the clip's start. */
  readonly position: number;
  /** Turns the marked region on or off; marks one around the playhead where there is none. */
  toggleLoop(): void;
  setLoop(from: number, to: number): void;
  /** Puts the loop's start or end at the playhead. */
  setLoopEdge(edge: 'from' | 'to'): void;
  clearLoop(): void;
  /** Says something to a screen reader. */
  announce(text: string): void;
  copy(text: string): void;
  openRun(take: string): void;
  openNotes(): void;
  pasteRemarks(): void;
  saveNote(note: NewNote): Promise<void>;
  retractNote(note: string): Promise<void>;
  /** Which prompts the overview has in view, so that their clips are analysed first. */
  inView(prompts: readonly string[]): void;
}

export interface NewNote {
  readonly text: string;
  readonly scope: NoteScope;
  readonly prompt: string | null;
  readonly take: string | null;
  readonly seconds: [number, number] | null;
  readonly replaces: string | null;
}
