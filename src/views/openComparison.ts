/** One open comparison: sends its page whole states when something changed on disk, and answers what the page asks. */
import * as l10n from '@vscode/l10n';
import { realpathSync } from 'node:fs';
import * as vscode from 'vscode';
import type { AnalysisPool } from '../audio/pool';
import type { Evaluation } from '../evaluations/evaluation';
import { fileVersions } from '../files/versions';
import { commands } from '../ids';
import type { Library } from '../library';
import type { Notebook } from '../notebook';
import { DisposableStore } from '../platform/disposables';
import type { ClipAnalysisView, FromWebview } from '../protocol';
import { buildComparison, type ComparisonModel } from './comparisonModel';
import { comparisonNotes, noteDraft, type NotesContext } from './comparisonNotes';
import { pageHtml } from './html';
import { listen, post } from './pages';

/** A moment to open at, in the names of its evaluation; what is null stays as it is. */
export interface OpenAt {
  /** Evaluation.id. */
  readonly evaluation: string;
  readonly prompt: string | null;
  readonly take: string | null;
  readonly second: number | null;
}

export interface ComparisonDeps {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly library: Library;
  readonly notebook: Notebook;
  readonly pool: AnalysisPool;
  readonly loudnessMatch: () => boolean;
  /** Brings the library up to date, for a page that VS Code restores before anything was read. */
  readonly look: () => Promise<void>;
}

/** Results that are sent as they come; after these they are sent together, every so many milliseconds. */
const AT_ONCE = 4;
const BATCH_MS = 200;

export class OpenComparison {
  readonly #store = new DisposableStore();
  #model: ComparisonModel | null = null;
  #posted = '';
  #postedNotes = '';
  #ready = false;
  #analysis = new AbortController();
  #updating: Promise<void> = Promise.resolve();
  /** What the comparison was opened on stays shown as missing when its folder goes, for the notes' sake. */
  #evaluations: readonly Evaluation[] = [];

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly deps: ComparisonDeps,
    public evaluationIds: readonly string[],
    private at: OpenAt | null,
  ) {
    panel.iconPath = vscode.Uri.joinPath(deps.extensionUri, 'media', 'earmark.svg');
    this.#store.add(listen(panel, deps.log, (message) => this.#handle(message)));
    this.#store.add(panel.onDidChangeViewState(() => void this.update()));
    this.#load();
  }

  get visible(): boolean {
    return this.panel.visible;
  }

  show(evaluations: readonly string[], at: OpenAt | null): void {
    this.at = at;
    if (evaluations.join('\n') === this.evaluationIds.join('\n')) {
      this.#showAt();
      return;
    }
    this.evaluationIds = evaluations;
    this.#load();
  }

  /** Sends what changed, if anything did. Updates follow one another, never overlap. */
  update(): Promise<void> {
    this.#updating = this.#updating
      .then(() => this.#update())
      .catch((error: unknown) => {
        this.deps.log.error('comparison', error instanceof Error ? error : String(error));
      });
    return this.#updating;
  }

  dispose(): void {
    this.#analysis.abort();
    this.#store.dispose();
  }

  #load(): void {
    this.#ready = false;
    this.#posted = '';
    this.#postedNotes = '';
    this.#evaluations = [];
    const { webview } = this.panel;
    const runs = this.evaluationIds.flatMap((id) => {
      const evaluation = this.deps.library.evaluation(id);
      const run = evaluation === undefined ? undefined : this.deps.library.run(evaluation.run);
      return run === undefined ? [] : [run.folder, realpathOf(run.folder)];
    });
    webview.options = {
      enableScripts: true,
      localResourceRoots: [
        vscode.Uri.joinPath(this.deps.extensionUri, 'dist', 'webview'),
        ...[...new Set(runs)].map((folder) => vscode.Uri.file(folder)),
      ],
    };
    webview.html = pageHtml(webview, this.deps.extensionUri, 'comparison', l10n.t('Comparison'));
  }

  async #update(): Promise<void> {
    if (!this.#ready || !this.panel.visible) return;
    this.#evaluations = this.evaluationIds.flatMap((id) => {
      const found = this.deps.library.evaluation(id);
      if (found !== undefined) return [found];
      const before = this.#evaluations.find((evaluation) => evaluation.id === id);
      return before === undefined ? [] : [before];
    });
    const files = this.#evaluations.flatMap((evaluation) =>
      evaluation.clips.flatMap((clip) => (clip.file === null ? [] : [clip.file])),
    );
    const versions = await fileVersions(files);
    const { webview } = this.panel;
    const { notebook } = this.deps;
    const first = this.#evaluations[0];
    const model = buildComparison(this.#evaluations, {
      run: (id) => this.deps.library.run(id),
      uri: (file, version) =>
        webview
          .asWebviewUri(vscode.Uri.file(file))
          .with({ query: `v=${version}` })
          .toString(),
      version: (file) => versions.get(file) ?? null,
      heard: (evaluation, clip) => notebook.heard(evaluation, clip),
      notesPath: first === undefined ? '' : notebook.pathOf(first.run, first.runName),
      loudnessMatch: this.deps.loudnessMatch(),
      remote: vscode.env.remoteName !== undefined,
      language: vscode.env.language,
    });
    this.#model = model;
    this.panel.title = [model.state.title, this.#evaluations.length === 1 ? first?.name : '']
      .filter((part) => part !== '' && part !== '.')
      .join(' · ');
    const state = JSON.stringify(model.state);
    if (state !== this.#posted) {
      this.#posted = state;
      post(this.panel, { type: 'state', state: model.state });
    }
    const notes = comparisonNotes(model, this.#evaluations, this.#notesContext);
    const notesText = JSON.stringify(notes);
    if (notesText !== this.#postedNotes) {
      this.#postedNotes = notesText;
      post(this.panel, { type: 'notes', notes });
    }
    this.#showAt();
  }

  #showAt(): void {
    if (this.at === null || this.#model === null || !this.#ready) return;
    const { evaluation, prompt, take, second } = this.at;
    const row =
      [...this.#model.prompts].find(([, members]) => members.get(evaluation) === prompt)?.[0] ?? null;
    // The row may only come with the next look at the disk.
    if (prompt !== null && row === null) return;
    const column = take === null ? null : `${evaluation}/${take}`;
    this.at = null;
    const moment = {
      take: column !== null && this.#model.takes.has(column) ? column : null,
      prompt: row,
      second,
    };
    post(this.panel, { type: 'show', moment, play: second !== null });
  }

  get #notesContext(): NotesContext {
    return { library: this.deps.library, notebook: this.deps.notebook, language: vscode.env.language };
  }

  async #handle(message: FromWebview): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#posted = '';
        this.#postedNotes = '';
        await this.deps.notebook.refresh();
        await this.update();
        return;
      case 'analyse':
        this.#analyse(message.clips);
        return;
      case 'saveNote':
        await this.deps.notebook.save(
          noteDraft(this.#modelNow(), this.#evaluations, message, this.#notesContext),
        );
        return;
      case 'retractNote':
        await this.deps.notebook.retract(message.note);
        return;
      case 'heard': {
        const of = this.#modelNow().clips.get(message.clip);
        if (of !== undefined) await this.deps.notebook.hear(of.evaluation, of.clip, message.seconds);
        return;
      }
      case 'copyText':
        await vscode.env.clipboard.writeText(message.text);
        return;
      case 'openNotes':
        await vscode.commands.executeCommand(commands.openNotes);
        return;
      case 'pasteRemarks':
        await vscode.commands.executeCommand(commands.pasteRemarks);
        return;
      case 'openRun': {
        const run = this.#modelNow().takes.get(message.take)?.evaluation.run;
        if (run !== undefined)
          await vscode.commands.executeCommand(commands.openRun, {
            kind: 'run',
            run: this.deps.library.run(run),
          });
        return;
      }
      case 'log':
        this.deps.log.warn(message.message);
        return;
      case 'at':
      case 'openEvaluation':
      case 'follow':
        return;
    }
  }

  #modelNow(): ComparisonModel {
    if (this.#model === null)
      throw new Error(l10n.t('The comparison is still being read. Try again in a moment.'));
    return this.#model;
  }

  #analyse(ids: readonly string[]): void {
    this.#analysis.abort();
    const analysis = new AbortController();
    this.#analysis = analysis;
    const files = ids.flatMap((id) => {
      const file = this.#model?.clips.get(id)?.clip.file ?? null;
      return file === null ? [] : [{ key: id, file }];
    });
    let batch: ClipAnalysisView[] = [];
    let sent = 0;
    let timer: NodeJS.Timeout | null = null;
    const flush = (): void => {
      timer = null;
      sent += batch.length;
      post(this.panel, { type: 'analysis', clips: batch });
      batch = [];
    };
    this.deps.pool.analyse(
      files,
      (clip, found) => {
        const of = this.#model?.clips.get(clip);
        if (of !== undefined && found.sha256 !== null) this.deps.notebook.knowHash(of.clip, found.sha256);
        batch.push({ clip, ...found });
        // The first results go at once: somebody waits for the prompt on screen. Each message has the page drawn anew.
        const last = sent + batch.length === files.length;
        if (last && timer !== null) clearTimeout(timer);
        if (last || timer === null) timer = setTimeout(flush, last || sent < AT_ONCE ? 0 : BATCH_MS);
      },
      analysis.signal,
    );
  }
}

function realpathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
