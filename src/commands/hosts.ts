/** What one does with a host: add, change, remove, test it; sign in, verify its key, open a shell there. */
import * as l10n from '@vscode/l10n';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import type { Host } from '../host';
import { isSameName } from '../hosts/hostEntry';
import { addressText, parseSshAddress } from '../hosts/sshAddress';
import type { TerminalCommand } from '../hosts/transport';
import { gpuText } from '../views/hostFacts';
import { quietly, type Failures } from '../views/quietTerminal';
import { askAddress, askFolder, askName, askScheduler, askWhere, titles } from './askHost';
import type { CommandContext } from './context';
import { changeHost, hostSettings, saveHosts } from './hostSettings';
import { pickHost } from './pickHost';

const isOwn = (host: Host): boolean => host.entry.address !== null || host.entry.scheduler === 'slurm';
const isElsewhere = (host: Host): boolean => !host.isHere;

export async function addHost(context: CommandContext): Promise<void> {
  refuseUntrusted();
  const where = await askWhere();
  if (where === null) return;
  if (where === 'here') return addCluster(context);
  const title = titles(where === 'typed' ? 4 : 3);
  const ssh = where === 'typed' ? await askAddress(title, '') : where.alias;
  if (ssh === null) return;
  const name = await askName(title, context, parseSshAddress(ssh).host, null);
  if (name === null) return;
  const folder = await askFolder(title, '');
  if (folder === null) return;
  const scheduler = await askScheduler(title, 'direct');
  if (scheduler === null) return;
  await saveHosts(context, [...hostSettings(), { name, ssh, folder, scheduler }]);
  await test(context, name);
}

/** The cluster that this machine itself belongs to. */
async function addCluster(context: CommandContext): Promise<void> {
  const name = await askName(titles(1), context, l10n.t('this cluster'), null);
  if (name === null) return;
  await saveHosts(context, [...hostSettings(), { name, ssh: '', folder: '', scheduler: 'slurm' }]);
  await test(context, name);
}

export async function editHost(context: CommandContext, node: unknown): Promise<void> {
  refuseUntrusted();
  const host = await pickHost(context, node, l10n.t('Edit Host'), isOwn);
  if (host === null) return;
  const { entry } = host;
  const isThere = entry.address !== null;
  const title = titles(isThere ? 4 : 1);
  const ssh = isThere ? await askAddress(title, addressText(entry.address)) : '';
  if (ssh === null) return;
  const name = await askName(title, context, entry.name, entry.name);
  if (name === null) return;
  const folder = isThere ? await askFolder(title, entry.folder ?? '') : '';
  if (folder === null) return;
  const scheduler = isThere ? await askScheduler(title, entry.scheduler) : 'slurm';
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
  show(host.name, host.ssh.shell(folder, host.entry.setup), 'of ssh');
}

/** Passwords and codes are typed into ssh itself; nothing of Earmark sees them. */
export async function signIn(context: CommandContext, node: unknown): Promise<void> {
  refuseUntrusted();
  const host = await pickHost(context, node, l10n.t('Sign In'), isElsewhere);
  if (host === null || host.ssh === null) return;
  const terminal = show(l10n.t('Sign in: {0}', host.name), host.ssh.signIn(), 'any');
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
  const terminal = show(l10n.t('Verify: {0}', host.name), host.ssh.verify(), 'any');
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

function show(name: string, command: TerminalCommand, stays: Failures): vscode.Terminal {
  const terminal = vscode.window.createTerminal({
    ...quietly(command, stays),
    name,
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

function refuseUntrusted(): void {
  if (vscode.workspace.isTrusted) return;
  throw new HumanError(l10n.t('This workspace is not trusted, so no host is spoken to. Trust it first.'), {
    label: l10n.t('Manage Trust'),
    command: 'workbench.trust.manage',
  });
}
