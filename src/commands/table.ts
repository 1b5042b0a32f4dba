/** Every command of Earmark and what it does, with the one place where errors meet a person. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { HumanError, messageOf } from '../errors';
import { commands, type CommandId } from '../ids';
import { DisposableStore } from '../platform/disposables';
import { addNote } from './addNote';
import { addRunsFolder } from './addRunsFolder';
import { compareOutputs } from './compareOutputs';
import type { CommandContext } from './context';
import { choosePython } from './choosePython';
import { checkEnvironment, createEnvironment } from './environment';
import { evaluate } from './evaluate';
import { fetchCheckpoint } from './fetchCheckpoint';
import { addHost, editHost, openShell, removeHost, signIn, testHost, verifyHostKey } from './hosts';
import {
  attachJob,
  cancelJob,
  copyJobCommand,
  exportJobScript,
  moveJob,
  resumeJob,
  showJobLog,
  stopJob,
} from './jobs';
import { openTmux, runInTmux } from './interactive';
import { openNotes } from './openNotes';
import { openRun } from './openRun';
import { pasteRemarks } from './pasteRemarks';
import { copyPath, reveal } from './reveal';
import { nextRun, startTraining } from './training';

/** What a tree row hands over: the row under the mouse, and all selected rows. */
type Handler = (context: CommandContext, node: unknown, selected: unknown) => Promise<void> | void;

const table: Record<CommandId, Handler> = {
  [commands.refresh]: refreshRuns,
  [commands.compareOutputs]: compareOutputs,
  [commands.openRun]: openRun,
  [commands.openNotes]: openNotes,
  [commands.addNote]: addNote,
  [commands.pasteRemarks]: pasteRemarks,
  [commands.addRunsFolder]: addRunsFolder,
  [commands.reveal]: reveal,
  [commands.copyPath]: copyPath,
  [commands.showLog]: (context) => context.log.show(),
  [commands.startTraining]: startTraining,
  [commands.nextRun]: nextRun,
  [commands.evaluateQuick]: (context, node) => evaluate(context, node, 'quick'),
  [commands.evaluateFull]: (context, node) => evaluate(context, node, 'full'),
  [commands.attachJob]: attachJob,
  [commands.stopJob]: stopJob,
  [commands.cancelJob]: cancelJob,
  [commands.runJobNext]: (context, node) => moveJob(context, node, 'first'),
  [commands.moveJobUp]: (context, node) => moveJob(context, node, -1),
  [commands.moveJobDown]: (context, node) => moveJob(context, node, 1),
  [commands.resumeJob]: resumeJob,
  [commands.runInTmux]: runInTmux,
  [commands.openTmux]: openTmux,
  [commands.showJobLog]: showJobLog,
  [commands.copyJobCommand]: copyJobCommand,
  [commands.exportJob]: exportJobScript,
  [commands.createEnvironment]: createEnvironment,
  [commands.checkEnvironment]: checkEnvironment,
  [commands.addHost]: addHost,
  [commands.editHost]: editHost,
  [commands.removeHost]: removeHost,
  [commands.testHost]: testHost,
  [commands.choosePython]: choosePython,
  [commands.openShell]: openShell,
  [commands.signIn]: signIn,
  [commands.verifyHostKey]: verifyHostKey,
  [commands.fetchCheckpoint]: fetchCheckpoint,
};

/** Also what other hosts have by now. */
async function refreshRuns({ workshop, refresh }: CommandContext): Promise<void> {
  await refresh();
  await Promise.all(workshop.hosts.map((host) => host.sync()));
  await refresh();
}

export function registerCommands(context: CommandContext): DisposableStore {
  const store = new DisposableStore();
  for (const [id, handler] of Object.entries(table)) {
    store.add(
      vscode.commands.registerCommand(id, async (node?: unknown, selected?: unknown) => {
        try {
          await handler(context, node, selected);
        } catch (error) {
          await showError(context, id, error);
        }
      }),
    );
  }
  return store;
}

async function showError(context: CommandContext, id: string, error: unknown): Promise<void> {
  context.log.error(id, error instanceof Error ? error : String(error));
  const next = error instanceof HumanError ? error.next : undefined;
  const showLog = l10n.t('Show Log');
  const buttons = next === undefined ? [showLog] : [next.label, showLog];
  const message =
    error instanceof HumanError
      ? error.message
      : l10n.t('Something unexpected went wrong: {0}', messageOf(error));
  const chosen = await vscode.window.showErrorMessage(message, ...buttons);
  if (chosen === showLog) context.log.show();
  else if (chosen !== undefined && next !== undefined) {
    await vscode.commands.executeCommand(next.command, ...(next.args ?? []));
  }
}
