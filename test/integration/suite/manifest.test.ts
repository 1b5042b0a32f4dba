import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { readConfig } from '../../../src/config';
import { Host } from '../../../src/host';
import { readHostEntries } from '../../../src/hosts/hostEntry';
import { commands, contexts, panels, views } from '../../../src/ids';
import type { Job } from '../../../src/jobs/jobsStore';
import type { JobSpec } from '../../../src/jobs/spec';
import type { JobState } from '../../../src/jobs/state';
import { HostsTree } from '../../../src/views/hostsTree';
import { JobsTree } from '../../../src/views/jobsTree';
import { openRunBrowser } from '../support/runBrowser';
import { earmark, workspaceFolder, write } from '../support/workspace';

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
}

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: string[] } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string }[] };
    readonly viewsWelcome: readonly {
      readonly view: string;
      readonly contents: string;
      readonly when: string;
    }[];
    readonly configuration: readonly {
      readonly properties: Readonly<Record<string, { default: unknown; scope?: string }>>;
    }[];
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly description: string;
        readonly media: { readonly markdown: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
  };
}

const manifestText = (): string => readFileSync(join(earmark().extensionPath, 'package.json'), 'utf8');
const manifest = (): Manifest => JSON.parse(manifestText()) as Manifest;
const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

describe('package.json', () => {
  it('contributes the commands of ids.ts, and these are registered @smoke', async () => {
    await earmark().activate();
    const contributed = manifest().contributes.commands.map(({ command }) => command);
    assert.deepEqual(sorted(contributed), sorted(Object.values(commands)));
    // VS Code registers some for every view: focus, open, reset its place.
    const ofViews = new RegExp(
      `^(${[...Object.values(views), 'workbench.view.extension.earmark'].join('|')})\\.`,
    );
    const registered = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith('earmark.') && !ofViews.test(id),
    );
    assert.deepEqual(sorted(registered), sorted(contributed));
  });

  it('offers known commands in menus, under conditions that can come true', async () => {
    const { menus, viewsWelcome } = manifest().contributes;
    const entries = Object.values(menus).flat();
    assert.deepEqual(
      entries.map(({ command }) => command).filter((id) => !known(commands).has(id)),
      [],
    );
    const rows = [...(await runRows()), ...jobRows(), ...(await hostRows())];
    const conditions = [...entries, ...viewsWelcome].flatMap(({ when = '' }) =>
      when === 'false' ? [] : [when],
    );
    assert.ok(conditions.length > 0);
    for (const term of conditions.flatMap((when) => when.split(/\s*(?:&&|\|\|)\s*/))) {
      assert.ok(isKnown(term, rows), `nothing makes "${term}" true`);
    }
  });

  it('names the views and panels of ids.ts', () => {
    const { activationEvents, contributes } = manifest();
    assert.deepEqual(
      sorted(Object.values(contributes.views).flatMap((list) => list.map(({ id }) => id))),
      sorted(Object.values(views)),
    );
    assert.deepEqual(
      sorted(activationEvents.filter((event) => event.startsWith('onWebviewPanel:'))),
      sorted(Object.values(panels).map((panel) => `onWebviewPanel:${panel}`)),
    );
    assert.deepEqual(
      Object.keys(contributes.views),
      contributes.viewsContainers.activitybar.map(({ id }) => id),
    );
    for (const { view } of contributes.viewsWelcome) assert.ok(known(views).has(view), view);
  });

  it('has a walkthrough whose steps can be completed and whose links lead somewhere', () => {
    const words = JSON.parse(
      readFileSync(join(earmark().extensionPath, 'package.nls.json'), 'utf8'),
    ) as Record<string, string>;
    for (const step of manifest().contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      for (const event of step.completionEvents) {
        const [kind = '', id = ''] = event.split(':');
        const ids = { onCommand: commands, onContext: contexts }[kind];
        assert.ok(ids !== undefined && known(ids).has(id), event);
      }
      const page = words[step.media.markdown.slice(1, -1)] ?? '';
      assert.ok(readFileSync(join(earmark().extensionPath, page), 'utf8').length > 0, page);
    }
    const links = Object.values(words).flatMap((text) => [...text.matchAll(/\(command:([\w.]+)/g)]);
    assert.ok(links.length > 0);
    for (const [, id = ''] of links) {
      const ofAView = Object.values(views).some((view) => id === `${view}.focus`);
      assert.ok(ofAView || !id.startsWith('earmark') || known(commands).has(id), id);
    }
  });

  it('has every word in both languages', () => {
    const used = sorted([...manifestText().matchAll(/"%([\w.]+)%"/g)].map(([, key = '']) => key));
    for (const file of ['package.nls.json', 'package.nls.zh-cn.json']) {
      const words = JSON.parse(readFileSync(join(earmark().extensionPath, file), 'utf8')) as object;
      assert.deepEqual(sorted(Object.keys(words)), used, file);
    }
  });

  it('has the settings that are read, with the same defaults', () => {
    const { configuration } = manifest().contributes;
    const declared = Object.assign({}, ...configuration.map(({ properties }) => properties)) as Record<
      string,
      { default: unknown }
    >;
    const { hosts, ...sections } = readConfig();
    const read: (readonly [string, unknown])[] = [
      ['earmark.hosts', hosts],
      ...Object.entries(sections).flatMap(([section, values]) =>
        Object.entries(values).map(([key, value]) => [`earmark.${section}.${key}`, value] as const),
      ),
    ];
    assert.deepEqual(sorted(Object.keys(declared)), sorted(read.map(([key]) => key)));
    for (const [key, value] of read) assert.deepEqual(value, declared[key]?.default, key);
    for (const key of manifest().capabilities.untrustedWorkspaces.restrictedConfigurations) {
      assert.ok(key in declared, key);
    }
  });

  it('lets no workspace name a program or a host: such settings are of the machine, and restricted', () => {
    const { capabilities, contributes } = manifest();
    const ofMachine = contributes.configuration
      .flatMap(({ properties }) => Object.entries(properties))
      .flatMap(([key, { scope }]) => (scope === 'machine' ? [key] : []));
    for (const key of ['earmark.hosts', 'earmark.python.path']) assert.ok(ofMachine.includes(key), key);
    const restricted = capabilities.untrustedWorkspaces.restrictedConfigurations;
    assert.deepEqual(
      ofMachine.filter((key) => !restricted.includes(key)),
      [],
    );
  });
});

/** Context keys that VS Code itself sets. */
const ofEditor = new Set(['workspaceFolderCount', 'isWorkspaceTrusted']);

function known(ids: Readonly<Record<string, string>>): ReadonlySet<string> {
  return new Set(Object.values(ids));
}

/** Whether some state of Earmark makes this part of a condition true. `rows` are the kinds that tree rows really have. */
function isKnown(term: string, rows: readonly string[]): boolean {
  const [name = '', operator, value = ''] = term.replace(/^!/, '').split(/\s*(==|!=|=~)\s*/);
  if (name === 'viewItem') {
    const pattern = new RegExp(value.slice(1, -1));
    return rows.some((row) => (operator === '=~' ? pattern.test(row) : row === value));
  }
  if (name === 'view') return known(views).has(value);
  if (name === 'activeWebviewPanelId') return known(panels).has(value);
  return known(contexts).has(name) || ofEditor.has(name);
}

/** contextValue of every kind of row in the run browser. */
async function runRows(): Promise<string[]> {
  const folder = join(workspaceFolder(), '..', 'kinds');
  await write(folder, {
    'trained/run.json': { v: 1, id: 'kinds', name: 'trained', created: '2026-11-20T10:00:00Z' },
    'trained/events.jsonl': 'torn',
    'trained/best_model/adapter_config.json': { r: 16 },
    'trained/evaluation/base_model/001_a.wav': 'RIFF',
    'clips/best/001_a.wav': 'RIFF',
    'clips/final/001_a.wav': 'RIFF',
  });
  const browser = openRunBrowser(folder);
  await browser.library.refresh();
  const kinds = browser.kinds();
  browser.dispose();
  return kinds;
}

/** The same of jobs. */
function jobRows(): string[] {
  const ended = { kind: 'ended', began: true, signal: null, text: null, at: 1 } as const;
  const states: readonly JobState[] = [
    { kind: 'running', since: 1 },
    { kind: 'submitted' },
    { kind: 'queued', reason: null, queue: { place: 1, ready: true } },
    { ...ended, why: 'exited', code: 0 },
    { ...ended, why: 'exited', code: 1 },
  ];
  const tree = new JobsTree({ jobs: () => states.map(jobIn), now: () => new Date() });
  const kinds = tree.getChildren().map((node) => tree.getTreeItem(node).contextValue ?? '');
  tree.dispose();
  return kinds;
}

function jobIn(state: JobState): Job {
  // Only whether there is a spec is looked at.
  const spec = {} as JobSpec;
  const about = {
    id: state.kind,
    directory: '/jobs/a',
    host: 'this machine',
    title: 'a job',
    log: '/jobs/a/log',
  };
  return { ...about, spec, state, stopping: false, progress: null };
}

/** The same of hosts, also of those that ssh does not get into, in its own words. */
async function hostRows(): Promise<string[]> {
  const { entries } = readHostEntries([
    { name: 'box', ssh: 'box', folder: '/work' },
    { name: 'cluster', scheduler: 'slurm' },
  ]);
  const [box, cluster] = entries;
  assert.ok(box !== undefined && cluster !== undefined);
  const words = [
    'Permission denied (publickey).',
    'No ED25519 host key is known for box and you have requested strict checking.',
    'WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!',
  ];
  const here = { ...cluster, scheduler: 'direct' as const };
  const hosts = [hostOf(here), hostOf(cluster), hostOf(box), ...words.map((said) => hostOf(box, said))];
  await Promise.all(hosts.slice(3).map((host) => host.check()));
  const tree = new HostsTree({ hosts: () => hosts, now: () => new Date() });
  const kinds = tree.getChildren().map((node) => tree.getTreeItem(node).contextValue ?? '');
  tree.dispose();
  return kinds;
}

/** `said` is what stands in for ssh says before it gives up. */
function hostOf(entry: Host['entry'], said = ''): Host {
  return new Host({
    entry,
    source: join(earmark().extensionPath, 'python'),
    mayRun: () => true,
    folders: () => ['/work'],
    python: () => '',
    newId: () => '',
    controlFolder: null,
    ssh: ['sh', '-c', 'echo "$0" >&2; exit 255', said],
    mirror: null,
  });
}
