import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands, panels } from '../../../src/ids';
import { evaluationRow } from '../support/remarks';
import { tab, tabsOf } from '../support/tabs';

describe('Commands', () => {
  before(() => vscode.commands.executeCommand(commands.refresh));
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('copy the path of a row', async () => {
    const row = await evaluationRow('output_epoch1');
    await vscode.commands.executeCommand(commands.copyPath, row);
    assert.equal(await vscode.env.clipboard.readText(), row.evaluation.folder);
  });

  it('show one comparison, however many rows it is asked for, and say what it is of @smoke', async () => {
    const [epoch1, epoch3] = [await evaluationRow('output_epoch1'), await evaluationRow('output_epoch3')];
    await vscode.commands.executeCommand(commands.compareOutputs, epoch1);
    await tab(panels.comparison, 'output_epoch1 · evaluation');
    await vscode.commands.executeCommand(commands.compareOutputs, epoch3, [epoch3, epoch1]);
    await tab(panels.comparison, 'output_epoch3 ↔ output_epoch1');
    assert.equal(tabsOf(panels.comparison).length, 1);
  });

  it('show the page of a run', async () => {
    const { run } = await evaluationRow('output_epoch1');
    await vscode.commands.executeCommand(commands.openRun, { kind: 'run', run });
    await tab(panels.run, 'output_epoch1');
  });
});
