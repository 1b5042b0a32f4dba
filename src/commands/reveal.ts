import * as vscode from 'vscode';
import type { CommandContext } from './context';
import { isRunsNode } from './pick';

/** Shows the row's folder in the Explorer, or in the file manager when it lies outside the workspace. */
export async function reveal(_context: CommandContext, node: unknown): Promise<void> {
  const folder = folderOf(node);
  if (folder === null) return;
  const uri = vscode.Uri.file(folder);
  const inside = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', uri);
}

export async function copyPath(_context: CommandContext, node: unknown): Promise<void> {
  const folder = folderOf(node);
  if (folder !== null) await vscode.env.clipboard.writeText(folder);
}

function folderOf(node: unknown): string | null {
  if (!isRunsNode(node)) return null;
  switch (node.kind) {
    case 'run':
      return node.run.folder;
    case 'checkpoint':
      return node.checkpoint.folder;
    case 'evaluation':
    case 'prompt':
      return node.evaluation.folder;
    default:
      return null;
  }
}
