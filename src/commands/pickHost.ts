/** Which host a command is about: the row it was called on, the only one there is, or the one that is chosen. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { addressText } from '../hosts/sshAddress';
import type { Host } from '../host';
import type { CommandContext } from './context';

export async function pickHost(
  { workshop }: CommandContext,
  node: unknown,
  title: string,
  fit: (host: Host) => boolean = () => true,
): Promise<Host | null> {
  const given = hostOf(node);
  if (given !== null) return workshop.named(given.name) ?? given;
  const hosts = workshop.hosts.filter(fit);
  if (hosts.length === 1) return hosts[0] ?? null;
  const chosen = await vscode.window.showQuickPick(
    hosts.map((host) => ({
      label: host.name,
      description: host.entry.address === null ? '' : addressText(host.entry.address),
      host,
    })),
    { title, placeHolder: l10n.t('On which host?') },
  );
  return chosen?.host ?? null;
}

function hostOf(node: unknown): Host | null {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'host' && 'host' in node
    ? (node.host as Host)
    : null;
}
