// VS Code opens the walkthrough of an extension that was just installed. `npm start` runs Earmark from its folder, which
// is no installation: this does the same, once a profile.
import { commands } from 'vscode';

/** @param {import('vscode').ExtensionContext} context */
export async function activate({ globalState }) {
  if (globalState.get('shown') === true) return;
  await globalState.update('shown', true);
  await commands.executeCommand('earmark.runs.focus');
  await commands.executeCommand('workbench.action.openWalkthrough', 'earmark.earmark#start');
}
