import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('The extension', () => {
  it('is there and activates @smoke', async () => {
    const extension = vscode.extensions.getExtension('earmark.earmark');
    assert.ok(extension, 'earmark.earmark is not installed');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers every command that it contributes @smoke', async () => {
    const extension = vscode.extensions.getExtension<unknown>('earmark.earmark');
    assert.ok(extension);
    await extension.activate();
    const manifest = extension.packageJSON as { contributes: { commands: { command: string }[] } };
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = manifest.contributes.commands
      .map(({ command }) => command)
      .filter((id) => !registered.has(id));
    assert.deepEqual(missing, []);
  });
});
