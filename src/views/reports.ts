/** Pages that are read and forgotten, as a Markdown preview: nothing of them is a file, or asks to be saved. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';

const SCHEME = 'earmark-report';

export class Reports implements vscode.TextDocumentContentProvider {
  readonly #pages = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registered = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  readonly onDidChange = this.#changed.event;

  /** One of the same title is replaced. */
  async show(title: string, markdown: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title.replaceAll('/', '∕')}` });
    this.#pages.set(uri.path, markdown);
    this.#changed.fire(uri);
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  }

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return (
      this.#pages.get(path) ??
      l10n.t('This report went with the window that made it. Run “Check Environment” again.')
    );
  }

  dispose(): void {
    this.#registered.dispose();
    this.#changed.dispose();
  }
}
