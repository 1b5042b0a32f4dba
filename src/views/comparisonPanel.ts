/** The comparison in an editor tab: one at a time, so that there is one sound; there again after a reload. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import * as z from 'zod';
import type { Evaluation } from '../evaluations/evaluation';
import { panels } from '../ids';
import { DisposableStore } from '../platform/disposables';
import { OpenComparison, type ComparisonDeps, type OpenAt } from './openComparison';
import { post } from './pages';

const savedState = z.object({ restore: z.object({ evaluations: z.array(z.string()) }) });

export class ComparisonPanel implements vscode.WebviewPanelSerializer {
  readonly #store = new DisposableStore();
  #open: OpenComparison | null = null;

  constructor(private readonly deps: ComparisonDeps) {
    this.#store.add(vscode.window.registerWebviewPanelSerializer(panels.comparison, this));
    this.#store.add(deps.library.onDidChange(() => void this.#open?.update()));
    this.#store.add(deps.notebook.onDidChange(() => void this.#open?.update()));
  }

  /** Something is on screen that has to follow the disk. */
  get visible(): boolean {
    return this.#open?.visible ?? false;
  }

  open(evaluations: readonly Evaluation[], at: OpenAt | null): void {
    const panel =
      this.#open?.panel ??
      vscode.window.createWebviewPanel(panels.comparison, l10n.t('Comparison'), vscode.ViewColumn.Active);
    this.#adopt(
      panel,
      evaluations.map((evaluation) => evaluation.id),
      at,
    );
    panel.reveal();
  }

  /** Puts the cursor into the note editor; false when no comparison is open. */
  focusNote(): boolean {
    if (this.#open === null) return false;
    this.#open.panel.reveal();
    post(this.#open.panel, { type: 'focusNote' });
    return true;
  }

  /** Evaluations on screen, for commands that are called without a row. */
  get evaluations(): readonly string[] {
    return this.#open?.evaluationIds ?? [];
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const saved = savedState.safeParse(state);
    await this.deps.look();
    this.#adopt(panel, saved.success ? saved.data.restore.evaluations : [], null);
  }

  dispose(): void {
    this.#open?.dispose();
    this.#store.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, evaluations: readonly string[], at: OpenAt | null): void {
    if (this.#open !== null && this.#open.panel === panel) {
      this.#open.show(evaluations, at);
      return;
    }
    // A second one that VS Code restored: one sound at a time, so the older goes.
    this.#open?.panel.dispose();
    const open = new OpenComparison(panel, this.deps, evaluations, at);
    this.#open = open;
    panel.onDidDispose(() => {
      open.dispose();
      if (this.#open === open) this.#open = null;
    });
  }
}
