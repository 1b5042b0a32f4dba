/** The hosts in the sidebar, looked at while they are in sight. */
import * as vscode from 'vscode';
import type { Host } from '../host';
import { contexts, views } from '../ids';
import { setContext } from '../platform/contextKeys';
import { DisposableStore } from '../platform/disposables';
import { Poll } from '../platform/watch';
import type { Workshop } from '../workshop';
import { HostsTree } from './hostsTree';

const LOOK_MS = 10_000;

export interface HostsView {
  /** Looks at all hosts now. */
  look(): Promise<void>;
  readonly dispose: () => void;
}

/** `problems`: what is wrong in the settings of hosts. */
export function registerHostsView(workshop: Workshop, problems: () => readonly string[]): HostsView {
  const store = new DisposableStore();
  const tree = store.add(new HostsTree({ hosts: () => workshop.hosts, now: () => new Date() }));
  const view = store.add(vscode.window.createTreeView(views.hosts, { treeDataProvider: tree }));
  const look = async (): Promise<void> => {
    const message = problems().join('\n');
    if (view.message !== message) view.message = message;
    setContext(contexts.hasHosts, workshop.hosts.length > 1);
    await Promise.all(workshop.hosts.map((host) => host.check().then(() => tree.refresh())));
  };
  const asked = new Set<Host>();
  const poll = store.add(new Poll(look, () => view.visible, LOOK_MS));
  const lookSoon = (): void => void look().then(() => poll.wake());
  store.add(view.onDidChangeVisibility(() => view.visible && lookSoon()));
  store.add(
    workshop.onDidChangeJobs(() => {
      tree.refresh();
      // Jobs are asked about more often: what they found out of a host is not to wait for its own turn.
      const surprising = view.visible ? workshop.hosts.filter(isSurprising) : [];
      for (const host of surprising) {
        if (asked.has(host)) continue;
        asked.add(host);
        void host.check().then(() => {
          asked.delete(host);
          tree.refresh();
        });
      }
    }),
  );
  store.add(
    workshop.onDidChangeHosts(() => {
      tree.refresh();
      if (view.visible) lookSoon();
    }),
  );
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(lookSoon));
  store.add(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('earmark')) workshop.reload();
    }),
  );
  store.add(vscode.workspace.onDidChangeWorkspaceFolders(() => workshop.reload()));
  return { look, dispose: () => store.dispose() };
}

/** Whether its jobs say otherwise than the last look at the host itself. */
function isSurprising({ state, jobs: { contact } }: Host): boolean {
  return contact !== null && state.kind !== 'unknown' && contact.ok !== (state.kind === 'reachable');
}
