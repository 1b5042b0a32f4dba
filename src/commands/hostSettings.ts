/** The setting that keeps hosts, as a person writes it: changed entry by entry, with what else stands there kept. */
import * as vscode from 'vscode';
import type { Host } from '../host';
import { isSameName, type HostSetting } from '../hosts/hostEntry';
import type { CommandContext } from './context';

export type Setting = Partial<HostSetting> & Pick<HostSetting, 'name'>;

export function hostSettings(): readonly Setting[] {
  return vscode.workspace.getConfiguration('earmark').get<readonly Setting[]>('hosts') ?? [];
}

export async function saveHosts({ workshop }: CommandContext, hosts: readonly Setting[]): Promise<void> {
  await update('hosts', hosts);
  workshop.reload();
}

/** Changes what the settings say of one host. */
export async function changeHost(
  context: CommandContext,
  { name }: Pick<Host, 'name'>,
  change: Partial<Setting>,
): Promise<void> {
  const changed = hostSettings().map((setting) =>
    isSameName(setting.name, name) ? { ...setting, ...change } : setting,
  );
  await saveHosts(context, changed);
}

/** This machine has a setting of its own. */
export async function savePython(context: CommandContext, host: Host, python: string): Promise<void> {
  if (hostSettings().some(({ name }) => isSameName(name, host.name)))
    await changeHost(context, host, { python });
  else await update('python.path', python);
}

async function update(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('earmark').update(name, value, vscode.ConfigurationTarget.Global);
}
