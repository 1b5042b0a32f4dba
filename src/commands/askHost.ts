/** What is asked about a host when it is added or changed: one question after the other, null when the person gave up. */
import * as l10n from '@vscode/l10n';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { isSameName, type HostSetting } from '../hosts/hostEntry';
import { addressText, parseSshAddress } from '../hosts/sshAddress';
import { sshAliases } from '../hosts/sshConfig';
import type { CommandContext } from './context';

/** Says above each question which of how many it is, as VS Code's own do. */
export type Titles = (question: string) => string;

export function titles(count: number): Titles {
  let asked = 0;
  return (question) => (count === 1 ? question : `${question} (${(asked += 1)}/${count})`);
}

/** An alias of the person's ssh configuration, an address that is to be typed, or this machine as a part of a cluster. */
export async function askWhere(): Promise<'typed' | 'here' | { readonly alias: string } | null> {
  const aliases = await sshAliases();
  const items = [
    ...aliases.map((alias) => ({ label: alias, description: '~/.ssh/config', where: { alias } })),
    {
      label: l10n.t('Type or paste an address…'),
      description: 'user@host, ssh -p 2222 user@host',
      where: 'typed' as const,
    },
    { label: l10n.t('This machine, through Slurm'), description: 'sbatch', where: 'here' as const },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: l10n.t('Add Host'),
    placeHolder: l10n.t('Where are the GPUs?'),
  });
  return chosen?.where ?? null;
}

export async function askAddress(title: Titles, value: string): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: title(l10n.t('Address of the host')),
    prompt: l10n.t('An alias, user@host, or the ssh command that you were given'),
    placeHolder: 'ssh -p 12345 root@203.0.113.7',
    value,
    ignoreFocusOut: true,
    validateInput: problemOf(parseSshAddress),
  });
  return text === undefined ? null : addressText(parseSshAddress(text));
}

export async function askName(
  title: Titles,
  { workshop }: CommandContext,
  value: string,
  before: string | null,
): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: title(l10n.t('Name of the host')),
    prompt: l10n.t('What you call it, in the views and in the names of folders'),
    value,
    ignoreFocusOut: true,
    validateInput: (typed) => {
      if (typed.trim() === '') return l10n.t('Give the host a name.');
      if (typed.trim().length > 60) return l10n.t('This name is too long: 60 characters at most.');
      const other = workshop.hosts.some(
        ({ name }) => isSameName(name, typed.trim()) && !isSameName(name, before ?? ''),
      );
      return other ? l10n.t('There is a host of this name already. Give this one another name.') : null;
    },
  });
  return text === undefined ? null : text.trim();
}

export async function askFolder(title: Titles, value: string): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: title(l10n.t('Work folder on the host')),
    prompt: l10n.t('Absolute. Runs, models and data lie below it; jobs keep their files in it.'),
    placeHolder: '/root/work',
    value,
    ignoreFocusOut: true,
    validateInput: (typed) => {
      const folder = posix.normalize(typed.trim());
      if (!posix.isAbsolute(folder)) return l10n.t('Write an absolute path, such as /root/work.');
      return folder === '/' ? l10n.t('The whole disk is too much. Name a folder, such as /root/work.') : null;
    },
  });
  return text === undefined ? null : posix.normalize(text.trim());
}

export async function askScheduler(
  title: Titles,
  before: HostSetting['scheduler'],
): Promise<HostSetting['scheduler'] | null> {
  const items = [
    {
      label: l10n.t('Directly'),
      description: l10n.t('the host runs its jobs itself'),
      scheduler: 'direct' as const,
    },
    { label: 'Slurm', description: l10n.t('jobs are handed to sbatch'), scheduler: 'slurm' as const },
  ];
  const chosen = await vscode.window.showQuickPick(before === 'slurm' ? items.reverse() : items, {
    title: title(l10n.t('How jobs are started there')),
    placeHolder: l10n.t('Slurm where you log in to a cluster, else directly'),
    ignoreFocusOut: true,
  });
  return chosen?.scheduler ?? null;
}

function problemOf(read: (text: string) => unknown): (text: string) => string | null {
  return (text) => {
    try {
      read(text);
      return null;
    } catch (error) {
      if (error instanceof HumanError) return error.message;
      throw error;
    }
  };
}
