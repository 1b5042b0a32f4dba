/**
 * What VS Code itself says that loading and activating the extension takes, and how large its package is. The plain way
 * is the same extension bundled without further care: nothing made small, its source maps in the package.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../vscode/paths';
import { openEditor, packageVsix } from './support/editor';
import { median, rounded } from './support/measure';
import { stagePlainPackage } from './support/plainPackage';
import type { BenchResult, Figures } from './support/result';

const STARTS = 7;
const SETTLING_MS = 4000;

export async function run(): Promise<BenchResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-bench-'));
  try {
    const plain = await stagePlainPackage(join(scratch, 'plain'));
    return { metrics: await measure(await packageVsix()), baseline: await measure(plain) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function measure(vsix: string): Promise<Figures> {
  const editor = await openEditor({ folder: join(root, 'examples'), vsix });
  try {
    const times: number[] = [];
    for (let start = 0; start < STARTS; start++) {
      // Every window has an extension host of its own.
      const window = start === 0 ? editor.workbench : await editor.newWindow();
      // What VS Code does at its own start would be measured along.
      await pause(SETTLING_MS);
      await window.sideBar('Earmark');
      await window.page.getByRole('treeitem', { name: 'output_epoch3' }).waitFor();
      await window.command('Developer: Show Running Extensions');
      const row = window.page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Earmark' });
      const words = await row.locator('.activation-time').getByText(/\d+ms/).innerText();
      times.push(Number(/(\d+)ms/.exec(words)?.[1]));
      await window.page.close();
    }
    return { activate_ms: median(times), vsix_kb: rounded((await stat(vsix)).size / 1024, 0) };
  } finally {
    await editor.close();
  }
}
