/** The training form in an editor tab: one at a time, and there again after a reload. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import * as z from 'zod';
import { panels } from '../ids';
import { DisposableStore } from '../platform/disposables';
import type { Run } from '../runs/run';
import { TrainingForm, type TrainingDeps } from './trainingForm';

const savedState = z.object({
  restore: z.object({ parent: z.string().nullable(), host: z.string().nullable().catch(null) }),
});

type Opened = z.infer<typeof savedState>['restore'];

export class TrainingPanel implements vscode.WebviewPanelSerializer {
  readonly #store = new DisposableStore();
  #open: TrainingForm | null = null;

  constructor(private readonly deps: TrainingDeps) {
    this.#store.add(vscode.window.registerWebviewPanelSerializer(panels.training, this));
    this.#store.add(deps.notebook.onDidChange(() => void this.#open?.update()));
    this.#store.add(deps.library.onDidChange(() => void this.#open?.update()));
    this.#store.add(deps.workshop.onDidChangeJobs(() => void this.#open?.planAgain()));
  }

  get visible(): boolean {
    return this.#open?.panel.visible ?? false;
  }

  /** A form that is open already keeps what was typed; it only takes the other parent. */
  open(parent: Run | null): void {
    if (this.#open !== null) {
      this.#open.panel.reveal();
      if (parent !== null) this.#open.setParent(parent.id);
      return;
    }
    const title = l10n.t('Start Training');
    this.#adopt(vscode.window.createWebviewPanel(panels.training, title, vscode.ViewColumn.Active), {
      parent: parent?.id ?? null,
      host: null,
    });
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const saved = savedState.safeParse(state);
    await this.deps.look();
    this.#adopt(panel, saved.success ? saved.data.restore : { parent: null, host: null });
  }

  dispose(): void {
    this.#open?.dispose();
    this.#store.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, { parent, host }: Opened): void {
    this.#open?.panel.dispose();
    const open = new TrainingForm(panel, this.deps, parent, host);
    this.#open = open;
    panel.onDidDispose(() => {
      open.dispose();
      if (this.#open === open) this.#open = null;
    });
  }
}
