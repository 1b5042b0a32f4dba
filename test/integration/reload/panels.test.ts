import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commands, panels } from '../../../src/ids';
import { evaluationRow } from '../support/remarks';
import { tab, tabsOf } from '../support/tabs';
import { earmark, eventually, workspaceFolder } from '../support/workspace';

const reloaded = join(workspaceFolder(), '..', 'reloaded');

// The window's reload ends this extension host, and the new one runs this file again.
describe('After a reload of the window @smoke', () => {
  before(async () => {
    if (existsSync(reloaded)) return;
    await vscode.commands.executeCommand(commands.refresh);
    const row = await evaluationRow('output_epoch1');
    await vscode.commands.executeCommand(commands.openRun, { kind: 'run', run: row.run });
    await tab(panels.run, 'output_epoch1');
    await vscode.commands.executeCommand('workbench.action.moveEditorToNextGroup');
    await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
    await vscode.commands.executeCommand(commands.compareOutputs, row);
    await tab(panels.comparison, 'output_epoch1 · evaluation');
    await writeFile(reloaded, '');
    void vscode.commands.executeCommand('workbench.action.reloadWindow').then(undefined, () => undefined);
    await new Promise(() => undefined);
  });

  it('Earmark wakes for its pages, and takes them up again', async () => {
    await eventually(() => (earmark().isActive ? true : undefined));
    const row = await evaluationRow('output_epoch1');
    for (const [panel, command, argument] of [
      [panels.comparison, commands.compareOutputs, row],
      [panels.run, commands.openRun, { kind: 'run', run: row.run }],
    ] as const) {
      assert.equal(tabsOf(panel).length, 1);
      // A page that was not taken up would get a twin here.
      await vscode.commands.executeCommand(command, argument);
      assert.equal(tabsOf(panel).length, 1);
    }
  });
});
