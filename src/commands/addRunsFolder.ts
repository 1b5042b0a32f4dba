import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import type { CommandContext } from './context';

/** Adds a folder to `earmark.runs.folders`, in the workspace's settings if there is a workspace. */
export async function addRunsFolder(context: CommandContext): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    throw new HumanError(
      l10n.t('This workspace is not trusted, so folders outside it are not looked into. Trust it first.'),
      { label: l10n.t('Manage Trust'), command: 'workbench.trust.manage' },
    );
  }
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    openLabel: l10n.t('Look for Runs Here'),
  });
  if (chosen === undefined || chosen.length === 0) return;
  const settings = vscode.workspace.getConfiguration('earmark');
  const before = settings.get<readonly string[]>('runs.folders') ?? [];
  const target =
    vscode.workspace.workspaceFolders === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await settings.update(
    'runs.folders',
    [...new Set([...before, ...chosen.map((uri) => uri.fsPath)])],
    target,
  );
  await context.refresh();
}
