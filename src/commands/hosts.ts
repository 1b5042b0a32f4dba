/** What one does with a host: add, change, remove, test it; sign in, verify its key, open a shell there. */
import * as l10n from '@vscode/l10n';
import { homedir } from 'node:os';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import type { Host } from '../host';
import { isSameName, type HostSetting } from '../hosts/hostEntry';
import { addressText, parseSshAddress } from '../hosts/sshAddress';
import { sshAliases } from '../hosts/sshConfig';
import type { TerminalCommand } from '../hosts/transport';
import { gpuText } from '../views/hostFacts';
import type { CommandContext } from './context';
import { changeHost, hostSettings, saveHosts } from './hostSettings';
import { pickHost } from './pickHost';

const isOwn = (host: Host): boolean => host.entry.address !== null || host.entry.scheduler === 'slurm';
const isElsewhere = (host: Host): boolean => !host.isHere;

export async function addHost(context: CommandContext): Promise<void> {
  refuseUntrusted();
  const ssh = await askAddress(null);
  if (ssh === null) return;
  const address = ssh === '' ? null : parseSshAddress(ssh);
  const name = await askName(context, address?.host ?? l10n.t('this cluster'), null);
  if (name === null) return;
  const folder = address === null ? '' : await askFolder('');
  if (folder === null) return;
  const scheduler = address === null ? 'slurm' : await askScheduler('direct');
  if (scheduler === null) return;
  await saveHosts(context, [...hostSettings(), { name, ssh, folder, scheduler }]);
  await test(context, name);
}

export async function editHost(context: CommandContext, node: unknown): Promise<void> {
  refuseUntrusted();
  const host = await pickHost(context, node, l10n.t('Edit Host'), isOwn);
  if (host === null) return;
  const { entry } = host;
  const isThere = entry.address !== null;
  const ssh = isThere ? await askAddress(addressText(entry.address)) : '';
  if (ssh === null) return;
  const name = await askName(context, entry.name, entry.name);
  if (name === null) return;
  const folder = isThere ? await askFolder(entry.folder ?? '') : '';
  if (folder === null) return;
  const scheduler = isThere ? await askScheduler(entry.scheduler) : 'slurm';
  if (scheduler === null) return;
  await context.workshop.keepMirror(host, name);
  await changeHost(context, host, { name, ssh, folder, scheduler });
  await test(context, name);
}

export async function removeHost(context: CommandContext, node: unknown): Promise<void> {
  const host = await pickHost(context, node, l10n.t('Remove Host'), isOwn);
  if (host === null) return;
  const remove = l10n.t('Remove');
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Remove “{0}” from the list?', host.name),
    {
      modal: true,
      detail: l10n.t(
        'Its jobs run on, and what is on it stays. So do the copies of its runs on this machine.',
      ),
    },
    remove,
  );
  if (chosen !== remove) return;
  await saveHosts(
    context,
    hostSettings().filter(({ name }) => !isSameName(name, host.name)),
  );
}

export async function testHost(context: CommandContext, node: unknown): Promise<void> {
  const host = await pickHost(context, node, l10n.t('Test Host'));
  if (host !== null) await test(context, host.name);
}

export async function openShell(context: CommandContext, node: unknown): Promise<void> {
  refuseUntrusted();
  const host = await pickHost(context, node, l10n.t('Open Shell on Host'), isElsewhere);
  const folder = host?.folders[0];
  if (host === null || host.ssh === null || folder === undefined) return;
  show(host.name, host.ssh.shell(folder, host.entry.setup));
}

/** Passwords and codes are typed into ssh itself; nothing of Earmark sees them. */
export async function signIn(context: CommandContext, node: unknown): Promise<void> {
  refuseUntrusted();
  const host = await pickHost(context, node, l10n.t('Sign In'), isElsewhere);
  if (host === null || host.ssh === null) return;
  const terminal = show(l10n.t('Sign in: {0}', host.name), host.ssh.signIn());
  afterwards(terminal, () => void test(context, host.name));
}

/** Nobody accepts a key but the person: ssh shows it and asks. */
export async function verifyHostKey(context: CommandContext, node: unknown): Promise<void> {
  refuseUntrusted();
  const host = await pickHost(context, node, l10n.t('Verify Host Key'), isElsewhere);
  if (host === null || host.ssh === null) return;
  const trouble = host.state.kind === 'unreachable' ? host.state.trouble : null;
  if (trouble?.kind === 'host-key-changed' && trouble.command !== null) {
    const copy = l10n.t('Copy Command');
    const chosen = await vscode.window.showWarningMessage(trouble.text, { modal: true }, copy);
    if (chosen === copy) await vscode.env.clipboard.writeText(trouble.command);
    return;
  }
  const terminal = show(l10n.t('Verify: {0}', host.name), host.ssh.verify());
  afterwards(terminal, () => void test(context, host.name));
}

async function test(context: CommandContext, name: string): Promise<void> {
  const host = context.workshop.named(name);
  if (host === undefined) return;
  host.forget();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: l10n.t('Looking at {0}…', name) },
    () => host.check(),
  );
  context.wakeJobs();
  void context.hosts.look();
  const { state } = host;
  if (state.kind === 'reachable') {
    const { gpus } = state.survey;
    const what = gpus.length === 0 ? l10n.t('no GPU') : gpus.map(gpuText).join('; ');
    void vscode.window.showInformationMessage(l10n.t('{0} answers: {1}.', name, what));
    return;
  }
  if (state.kind !== 'unreachable') return;
  const node = { kind: 'host', host };
  const steps: Record<
    string,
    [string, (context: CommandContext, node: unknown) => Promise<void>] | undefined
  > = {
    auth: [l10n.t('Sign In'), signIn],
    'host-key-unknown': [l10n.t('Verify Host Key'), verifyHostKey],
    'host-key-changed': [l10n.t('What to Do'), verifyHostKey],
  };
  const [label, act] = steps[state.trouble?.kind ?? ''] ?? [l10n.t('Try Again'), testHost];
  const chosen = await vscode.window.showErrorMessage(
    state.reason.startsWith(name) ? state.reason : l10n.t('{0}: {1}', name, state.reason),
    label,
  );
  if (chosen === label) await act(context, node);
}

function show(name: string, { file, args }: TerminalCommand): vscode.Terminal {
  const terminal = vscode.window.createTerminal({
    name,
    shellPath: file,
    shellArgs: [...args],
    cwd: homedir(),
    isTransient: true,
  });
  terminal.show();
  return terminal;
}

function afterwards(terminal: vscode.Terminal, act: () => void): void {
  const listener = vscode.window.onDidCloseTerminal((closed) => {
    if (closed !== terminal) return;
    listener.dispose();
    act();
  });
}

/** '' for a cluster that this machine itself belongs to; null when the person gave up. */
async function askAddress(before: string | null): Promise<string | null> {
  const typed = l10n.t('Type or paste an address…');
  if (before === null) {
    const aliases = await sshAliases();
    const here = l10n.t('This machine, through Slurm');
    const chosen = await vscode.window.showQuickPick(
      [
        ...aliases.map((label) => ({ label, description: '~/.ssh/config' })),
        { label: typed, description: 'user@host, ssh -p 2222 user@host' },
        { label: here, description: 'sbatch' },
      ],
      { title: l10n.t('Add Host'), placeHolder: l10n.t('Where are the GPUs?') },
    );
    if (chosen === undefined) return null;
    if (chosen.label === here) return '';
    if (chosen.label !== typed) return chosen.label;
  }
  const text = await vscode.window.showInputBox({
    title: l10n.t('Address of the host'),
    prompt: l10n.t('An alias, user@host, or the ssh command that you were given'),
    placeHolder: 'ssh -p 12345 root@203.0.113.7',
    value: before ?? '',
    ignoreFocusOut: true,
    validateInput: problemOf(parseSshAddress),
  });
  return text === undefined ? null : addressText(parseSshAddress(text));
}

async function askName(
  { workshop }: CommandContext,
  value: string,
  before: string | null,
): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: l10n.t('Name of the host'),
    value,
    ignoreFocusOut: true,
    validateInput: (typed) => {
      if (typed.trim() === '') return l10n.t('Give the host a name.');
      if (typed.trim().length > 60) return l10n.t('This name is too long: 60 characters at most.');
      const other = workshop.hosts.some(
        ({ name }) => isSameName(name, typed.trim()) && !isSameName(name, before ?? ''),
      );
      return other ? l10n.t('There is a host of this name already.') : null;
    },
  });
  return text === undefined ? null : text.trim();
}

async function askFolder(value: string): Promise<string | null> {
  const text = await vscode.window.showInputBox({
    title: l10n.t('Work folder on the host'),
    prompt: l10n.t('Absolute. Runs, models and data lie below it; jobs keep their files in it.'),
    placeHolder: '/root/work',
    value,
    ignoreFocusOut: true,
    validateInput: (typed) =>
      posix.isAbsolute(typed.trim()) ? null : l10n.t('Write an absolute path, such as /root/work.'),
  });
  return text === undefined ? null : posix.normalize(text.trim());
}

async function askScheduler(before: HostSetting['scheduler']): Promise<HostSetting['scheduler'] | null> {
  const items = [
    {
      label: l10n.t('Directly'),
      description: l10n.t('the host runs its jobs itself'),
      scheduler: 'direct' as const,
    },
    { label: 'Slurm', description: l10n.t('jobs are handed to sbatch'), scheduler: 'slurm' as const },
  ];
  const chosen = await vscode.window.showQuickPick(before === 'slurm' ? items.reverse() : items, {
    title: l10n.t('How jobs are started there'),
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

function refuseUntrusted(): void {
  if (vscode.workspace.isTrusted) return;
  throw new HumanError(l10n.t('This workspace is not trusted, so no host is spoken to. Trust it first.'), {
    label: l10n.t('Manage Trust'),
    command: 'workbench.trust.manage',
  });
}
