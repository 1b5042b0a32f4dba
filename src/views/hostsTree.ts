/** The hosts that jobs may run on: whether they answer, what they have, what of their runs is here. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Host } from '../host';
import { addressText } from '../hosts/sshAddress';
import { commands } from '../ids';
import { isLive } from '../jobs/state';
import { formatMoment } from './format';
import { gigabytes, gpuText, pythonText } from './hostFacts';

export type HostsNode =
  HostNode | { readonly kind: 'fact'; readonly host: Host; readonly text: string; readonly icon: string };

export interface HostNode {
  readonly kind: 'host';
  readonly host: Host;
}

export interface HostsTreeOptions {
  readonly hosts: () => readonly Host[];
  readonly now: () => Date;
}

export class HostsTree implements vscode.TreeDataProvider<HostsNode> {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly options: HostsTreeOptions) {}

  refresh(): void {
    this.#changed.fire(undefined);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  getChildren(node?: HostsNode): HostsNode[] {
    if (node === undefined) return this.options.hosts().map((host) => ({ kind: 'host', host }));
    return node.kind === 'host' ? factsOf(node.host) : [];
  }

  getTreeItem(node: HostsNode): vscode.TreeItem {
    if (node.kind === 'fact') {
      const fact = new vscode.TreeItem(node.text);
      fact.iconPath = new vscode.ThemeIcon(node.icon);
      fact.tooltip = node.text;
      fact.contextValue = 'fact';
      return fact;
    }
    const { host } = node;
    const item = new vscode.TreeItem(host.name, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = host.name;
    item.contextValue = contextOf(host);
    item.iconPath = iconOf(host);
    const description = [stateText(host, this.options.now()), pythonTrouble(host), jobsText(host)]
      .filter((part) => part !== '')
      .join(' · ');
    item.description = description;
    item.tooltip = tooltipOf(host, description);
    item.accessibilityInformation = { label: `${host.name}, ${description}` };
    const command = stepOf(host);
    if (command !== null) item.command = { command, title: l10n.t('Mend'), arguments: [node] };
    return item;
  }
}

/** What a click on the row does where something keeps the host away; null where nothing does. */
function stepOf({ state }: Host): string | null {
  if (state.kind !== 'unreachable') return null;
  switch (state.trouble?.kind) {
    case 'auth':
      return commands.signIn;
    case 'host-key-unknown':
    case 'host-key-changed':
      return commands.verifyHostKey;
    default:
      return commands.testHost;
  }
}

function contextOf(host: Host): string {
  const trouble = host.state.kind === 'unreachable' ? (host.state.trouble?.kind ?? 'other') : '';
  return [
    'host',
    host.isHere ? 'here' : 'ssh',
    host.entry.address === null && host.entry.folder === null && host.entry.scheduler === 'direct'
      ? 'fixed'
      : 'own',
    trouble,
  ]
    .filter((part) => part !== '')
    .join('.');
}

function stateText({ state }: Host, now: Date): string {
  const at = (date: Date): string => formatMoment(date, now, vscode.env.language);
  switch (state.kind) {
    case 'unknown':
      return '';
    case 'reachable': {
      const { gpus, load } = state.survey;
      const [first] = gpus;
      if (first === undefined)
        return load === null ? l10n.t('no GPU') : l10n.t('no GPU, load {0}', load.toFixed(1));
      return gpus.length === 1 ? first.name : l10n.t('{0} × {1}', gpus.length, first.name);
    }
    case 'unreachable':
      return l10n.t('not reachable since {0}', at(state.since));
  }
}

/** '' where jobs can be started. */
function pythonTrouble({ state }: Host): string {
  return state.kind === 'reachable' && state.python?.problem !== null ? l10n.t('no Python to run jobs') : '';
}

function jobsText({ jobs }: Host): string {
  const live = jobs.jobs.filter(({ state }) => isLive(state)).length;
  return live === 0 ? '' : l10n.t('{0} jobs', live);
}

function factsOf(host: Host): HostsNode[] {
  const { state, mirror, entry } = host;
  const fact = (icon: string, text: string): HostsNode => ({ kind: 'fact', host, icon, text });
  const facts: HostsNode[] = [];
  if (state.kind === 'unreachable') facts.push(fact('warning', state.reason));
  if (entry.address !== null) facts.push(fact('remote', addressText(entry.address)));
  if (entry.folder !== null) facts.push(fact('folder', entry.folder));
  if (entry.scheduler === 'slurm') facts.push(fact('server-environment', l10n.t('jobs go through Slurm')));
  if (state.kind === 'reachable') {
    const { python } = state;
    if (python !== null)
      facts.push(
        python.problem === null ? fact('package', pythonText(python)) : fact('warning', python.problem),
      );
    const { gpus, cpus, load, free, memory } = state.survey;
    for (const gpu of gpus) facts.push(fact('circuit-board', gpuText(gpu)));
    facts.push(
      fact(
        'dashboard',
        [
          l10n.t('{0} CPUs', cpus),
          load === null ? '' : l10n.t('load {0}', load.toFixed(1)),
          memory === null ? '' : l10n.t('{0} GB RAM', gigabytes(memory)),
        ]
          .filter((part) => part !== '')
          .join(', '),
      ),
    );
    if (free !== null) facts.push(fact('database', l10n.t('{0} GB of disk free', gigabytes(free))));
  }
  if (mirror !== null) {
    const { clips, bytesToCome, problems, syncing } = mirror.state;
    if (clips.total > 0)
      facts.push(fact('unmute', l10n.t('{0} of {1} clips are here', clips.here, clips.total)));
    if (syncing && bytesToCome > 0)
      facts.push(fact('sync~spin', l10n.t('{0} MB to come', Math.ceil(bytesToCome / 1e6))));
    for (const { message } of problems) facts.push(fact('warning', message));
  }
  return facts;
}

/** Also what a narrow side bar cuts. */
function tooltipOf(host: Host, description: string): string {
  const { state, entry } = host;
  const lines = [host.name];
  if (description !== '') lines.push(description);
  if (entry.address !== null) lines.push(addressText(entry.address));
  if (entry.folder !== null) lines.push(entry.folder);
  if (state.kind === 'unreachable') lines.push(state.reason);
  return lines.join('\n');
}

function iconOf({ state, isHere }: Host): vscode.ThemeIcon {
  if (state.kind === 'unreachable')
    return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  const icon = isHere ? 'device-desktop' : 'remote';
  return state.kind === 'reachable'
    ? new vscode.ThemeIcon(icon, new vscode.ThemeColor('charts.green'))
    : new vscode.ThemeIcon(icon);
}
