/** The page of a run in an editor tab: curve, differences from its parent, checkpoints, notes. One tab a run. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import * as z from 'zod';
import { commands, panels } from '../ids';
import type { Evaluation } from '../evaluations/evaluation';
import type { Library } from '../library';
import type { Notebook } from '../notebook';
import { DisposableStore } from '../platform/disposables';
import type { FromWebview, RunState } from '../protocol';
import { findParent } from '../runs/lineage';
import type { Run } from '../runs/run';
import { momentOnRun, runDraft, runNotes, type NotesContext } from './comparisonNotes';
import type { OpenAt } from './openComparison';
import { formatStatus } from './format';
import { pageHtml } from './html';
import { listen, post } from './pages';
import { evaluationTitle } from './runsTree';

export interface RunPanelDeps {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly library: Library;
  readonly notebook: Notebook;
  readonly look: () => Promise<void>;
  /** Opens the comparison of an evaluation, at a moment a note names. */
  readonly listen: (evaluation: Evaluation, at: OpenAt) => void;
}

const savedState = z.object({ restore: z.object({ run: z.string() }) });

export class RunPages implements vscode.WebviewPanelSerializer {
  readonly #store = new DisposableStore();
  readonly #pages = new Map<string, RunPage>();

  constructor(private readonly deps: RunPanelDeps) {
    this.#store.add(vscode.window.registerWebviewPanelSerializer(panels.run, this));
    const update = (): void => {
      for (const page of this.#pages.values()) page.update();
    };
    this.#store.add(deps.library.onDidChange(update));
    this.#store.add(deps.notebook.onDidChange(update));
  }

  get visible(): boolean {
    return [...this.#pages.values()].some((page) => page.panel.visible);
  }

  open(runId: string): void {
    const open = this.#pages.get(runId);
    if (open !== undefined) open.panel.reveal();
    else {
      const name = this.deps.library.run(runId)?.name ?? l10n.t('Run');
      this.#adopt(vscode.window.createWebviewPanel(panels.run, name, vscode.ViewColumn.Active), runId);
    }
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const saved = savedState.safeParse(state);
    await this.deps.look();
    this.#adopt(panel, saved.success ? saved.data.restore.run : '');
  }

  dispose(): void {
    for (const page of this.#pages.values()) page.dispose();
    this.#store.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, runId: string): void {
    const page = new RunPage(panel, this.deps, runId);
    this.#pages.set(runId, page);
    panel.onDidDispose(() => {
      page.dispose();
      this.#pages.delete(runId);
    });
  }
}

class RunPage {
  readonly #store = new DisposableStore();
  #ready = false;
  #posted = '';
  /** Shown on, with a word, when the folder goes while the page is open. */
  #last: Run | null = null;

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly deps: RunPanelDeps,
    private readonly runId: string,
  ) {
    panel.iconPath = vscode.Uri.joinPath(deps.extensionUri, 'media', 'earmark.svg');
    this.#store.add(listen(panel, deps.log, (message) => this.#handle(message)));
    this.#store.add(panel.onDidChangeViewState(() => this.update()));
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(deps.extensionUri, 'dist', 'webview')],
    };
    panel.webview.html = pageHtml(panel.webview, deps.extensionUri, 'run', l10n.t('Run'));
  }

  update(): void {
    if (!this.#ready || !this.panel.visible) return;
    const found = this.deps.library.run(this.runId);
    const run = found ?? this.#last;
    if (run === null) {
      // Nothing is known of it (a restored page whose folder is gone): an empty page would be a riddle.
      void vscode.window.showWarningMessage(l10n.t('The run of this page is not in the workspace any more.'));
      this.panel.dispose();
      return;
    }
    this.#last = run;
    this.panel.title = run.name;
    const state = this.#state(run, found === undefined);
    const text = JSON.stringify(state);
    if (text === this.#posted) return;
    this.#posted = text;
    post(this.panel, { type: 'state', state });
  }

  dispose(): void {
    this.#store.dispose();
  }

  #state(run: Run, gone: boolean): RunState {
    const { library, notebook } = this.deps;
    const parent = findParent(run, library.runs);
    return {
      kind: 'run',
      restore: { run: run.id },
      name: run.name,
      label: run.label,
      status: run.status,
      statusText: gone
        ? l10n.t('its folder is gone from disk; what is shown was read before')
        : formatStatus(run.status, new Date(), vscode.env.language),
      model: run.model,
      command: run.command,
      hyperparameters: run.hyperparameters,
      parent:
        run.parent === null
          ? null
          : {
              name: parent?.name ?? run.parent.run,
              found: parent !== null,
              reason: run.parent.reason,
              hyperparameters: parent?.hyperparameters ?? {},
            },
      data: run.data,
      environment: run.environment,
      checkpoints: run.checkpoints.map(({ name, kind, step, epoch, validLoss }) => ({
        name,
        kind,
        step,
        epoch,
        validLoss,
      })),
      train: run.train,
      valid: run.valid,
      evaluations: library.evaluationsOf(run.id).map((evaluation) => ({
        id: evaluation.id,
        name: evaluationTitle(evaluation),
        detail: l10n.t('{0} prompts × {1} takes', evaluation.prompts.length, evaluation.takes.length),
      })),
      notes: runNotes(run, this.#notesContext),
      notesPath: notebook.pathOf(run.id, run.name),
      problems: run.problems,
    };
  }

  get #notesContext(): NotesContext {
    return { library: this.deps.library, notebook: this.deps.notebook, language: vscode.env.language };
  }

  async #handle(message: FromWebview): Promise<void> {
    const { library, notebook } = this.deps;
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#posted = '';
        await notebook.refresh();
        this.update();
        return;
      case 'saveNote':
        if (this.#last !== null) await notebook.save(runDraft(this.#last, message, this.#notesContext));
        return;
      case 'retractNote':
        await notebook.retract(message.note);
        return;
      case 'copyText':
        await vscode.env.clipboard.writeText(message.text);
        return;
      case 'openNotes':
      case 'pasteRemarks':
        await vscode.commands.executeCommand(
          message.type === 'openNotes' ? commands.openNotes : commands.pasteRemarks,
          { kind: 'run', run: this.#last },
        );
        return;
      case 'openEvaluation': {
        const evaluation = library.evaluation(message.evaluation);
        if (evaluation !== undefined) {
          await vscode.commands.executeCommand(commands.compareOutputs, {
            kind: 'evaluation',
            run: this.#last,
            evaluation,
          });
        }
        return;
      }
      case 'follow': {
        const moment = momentOnRun(library.evaluationsOf(this.runId), message.moment);
        if (moment === null) return;
        const { evaluation, prompt, take } = moment;
        this.deps.listen(evaluation, {
          evaluation: evaluation.id,
          prompt,
          take,
          second: message.moment.second,
        });
        return;
      }
      case 'log':
        this.deps.log.warn(message.message);
        return;
      case 'analyse':
      case 'heard':
      case 'at':
      case 'openRun':
        return;
    }
  }
}
