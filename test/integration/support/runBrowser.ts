/** The run browser on a folder, put together as the extension does it, and read as nested arrays. */
import * as vscode from 'vscode';
import { Library } from '../../../src/library';
import { RunsTree, type RunsNode } from '../../../src/views/runsTree';

/** Label, description, and the rows below it if there are any. */
export type Row = readonly [label: string, description: string, ...below: readonly (readonly Row[])[]];

export interface RunBrowser {
  readonly library: Library;
  rows(): Row[];
  nodes(below?: RunsNode): RunsNode[];
  /** What kinds of rows there are, as `viewItem` in conditions of menus. */
  kinds(): string[];
  /** Settles when the rows are as wanted; looks again whenever the tree says that it changed. */
  until(isWanted: (rows: readonly Row[]) => boolean): Promise<void>;
  dispose(): void;
}

export function openRunBrowser(folder: string): RunBrowser {
  const library = new Library({
    roots: () => [{ path: folder, label: 'runs' }],
    depth: () => 6,
    exclude: () => [],
  });
  const tree = new RunsTree({
    hostOf: () => '',
    library,
    problems: () => library.problems,
    heard: () => false,
    look: () => undefined,
    now: () => new Date(),
  });
  const following = library.onDidChange(() => tree.refresh());
  const rows = (): Row[] => tree.getChildren().map((node) => rowOf(tree, node));
  return {
    library,
    rows,
    nodes: (below) => tree.getChildren(below),
    kinds: () => [...new Set(kindsBelow(tree))],
    until: (isWanted) =>
      new Promise((done) => {
        const look = (): void => {
          if (!isWanted(rows())) return;
          changes.dispose();
          done();
        };
        const changes = tree.onDidChangeTreeData(look);
        look();
      }),
    dispose: () => {
      following.dispose();
      tree.dispose();
    },
  };
}

function rowOf(tree: RunsTree, node: RunsNode): Row {
  const item = tree.getTreeItem(node);
  const words = [textOf(item.label), textOf(item.description)] as const;
  const folded = item.collapsibleState === vscode.TreeItemCollapsibleState.Collapsed;
  return folded ? [...words, tree.getChildren(node).map((child) => rowOf(tree, child))] : words;
}

function kindsBelow(tree: RunsTree, node?: RunsNode): string[] {
  return tree.getChildren(node).flatMap((child) => {
    const { contextValue = '' } = tree.getTreeItem(child);
    return [contextValue, ...kindsBelow(tree, child)];
  });
}

function textOf(words: string | boolean | vscode.TreeItemLabel | undefined): string {
  if (typeof words === 'string') return words;
  return typeof words === 'object' ? words.label : '';
}
