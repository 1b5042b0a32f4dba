/** Notices every file or folder that one program in this extension host asks node for. */
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';

export interface FileAccess {
  /** `readdir /workspace`, in order. */
  readonly seen: readonly string[];
  stop(): void;
}

/** What the scripts below the folder `by` ask for. Loading the scripts themselves does not count. */
export function watchFileAccess(by: string): FileAccess {
  const seen: string[] = [];
  const undo = [fs, fsPromises].flatMap((module) => wrap(module as unknown as Functions, seen, by));
  return { seen, stop: () => undo.forEach((restore) => restore()) };
}

type Functions = Record<string, unknown>;

function wrap(module: Functions, seen: string[], by: string): (() => void)[] {
  return Object.entries(module).flatMap(([name, original]) => {
    if (typeof original !== 'function' || /^[A-Z_]/.test(name)) return [];
    const spy = function (this: unknown, ...args: unknown[]): unknown {
      const path = String(args[0]);
      if (!path.startsWith(by) && new Error().stack?.includes(by)) seen.push(`${name} ${path}`);
      return (original as (...given: unknown[]) => unknown).apply(this, args);
    };
    module[name] = Object.assign(spy, original);
    return [() => (module[name] = original)];
  });
}
