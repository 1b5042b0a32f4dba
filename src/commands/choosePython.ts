/** "Choose Python…": which of the Pythons of a host its jobs run with, by the name of its environment. */
import * as l10n from '@vscode/l10n';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { Host } from '../host';
import { commands } from '../ids';
import type { Interpreter } from '../hosts/interpreters';
import type { CommandContext } from './context';
import { versionsText } from '../views/hostFacts';
import { savePython } from './hostSettings';
import { pickHost } from './pickHost';

interface Choice extends vscode.QuickPickItem {
  /** As the setting has it; null to type one. */
  readonly setting: string | null;
}

export async function choosePython(context: CommandContext, node: unknown): Promise<void> {
  const title = l10n.t('Choose Python');
  const host = await pickHost(context, node, title);
  if (host === null) return;
  host.forget();
  const found = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Looking for Pythons on {0}…', host.name),
    },
    () => host.interpreters(),
  );
  const chosen = await vscode.window.showQuickPick(choicesOf(found), {
    title,
    placeHolder: l10n.t('The Python that trains and evaluates on {0}', host.name),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen === undefined) return;
  const setting = chosen.setting ?? (await askPath(host));
  if (setting === null) return;
  await savePython(context, host, setting);
  await tell(context.workshop.named(host.name) ?? host);
}

function choicesOf(found: readonly Interpreter[]): Choice[] {
  const description = (isSet: boolean, ...parts: readonly string[]): string =>
    [...parts, isSet ? l10n.t('set now') : ''].filter((part) => part !== '').join(' · ');
  return [
    {
      label: l10n.t('Whichever is best'),
      description: description(
        !found.some(({ source }) => source === 'setting'),
        l10n.t('looked for each time; one with torch first'),
      ),
      setting: '',
    },
    ...found
      .filter(({ version }) => version !== null)
      .map((interpreter) => ({
        label: interpreter.environment?.name ?? posix.basename(interpreter.path),
        description: description(
          interpreter.source === 'setting',
          versionsText(interpreter),
          interpreter.environment?.kind ?? '',
          interpreter.problem === null ? '' : l10n.t('too old'),
        ),
        detail: interpreter.path,
        setting: interpreter.path,
      })),
    { label: l10n.t('Type a path…'), setting: null },
  ];
}

async function askPath(host: Host): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: l10n.t('Python on {0}', host.name),
    prompt: l10n.t('An absolute path, one that starts with ~/, or conda: and the name of an environment'),
    placeHolder: 'conda:music',
    ignoreFocusOut: true,
    validateInput: (typed) =>
      /^(\/|~\/|conda:\s*\S)/.test(typed.trim())
        ? null
        : l10n.t('Write an absolute path, such as /opt/conda/bin/python, or conda:NAME.'),
  });
  return text === undefined ? null : text.trim();
}

/** What jobs of the host run with from now on. Throws a HumanError when that can't be. */
async function tell(host: Host): Promise<void> {
  const { path, version, torch } = await host.interpreter();
  const check = l10n.t('Check Environment');
  const message =
    torch === null
      ? l10n.t('{0} runs jobs with Python {1}, which has no torch yet: {2}', host.name, version ?? '', path)
      : l10n.t('{0} runs jobs with Python {1} and torch {2}: {3}', host.name, version ?? '', torch, path);
  void vscode.window.showInformationMessage(message, check).then((chosen) => {
    if (chosen === check)
      void vscode.commands.executeCommand(commands.checkEnvironment, { kind: 'host', host });
  });
}
