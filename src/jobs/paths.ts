/** Paths on a host that an earlier run's command names, found again; and prompt files near a run. Hosts are POSIX. */
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path/posix';
import type { HostFiles } from '../hosts/hostFiles';

/**
 * The path in `base` or near it that `path` of an earlier command meant: relative ones were relative to wherever that
 * was typed, mostly a folder beside the run. Absolute; null when nothing is there.
 */
export async function findAgain(
  path: string,
  beside: readonly string[],
  files: HostFiles,
): Promise<string | null> {
  const candidates = isAbsolute(path)
    ? [path]
    : beside.flatMap((folder) => [resolve(folder, path), join(folder, withoutUps(path))]);
  // All at once: to a host that is elsewhere they are one question.
  const there = await Promise.all(candidates.map((candidate) => files.exists(candidate)));
  return candidates.find((_, index) => there[index]) ?? null;
}

/** As a person would write it in `base`: relative when it lies inside, else absolute. */
export function fromBase(path: string, base: string): string {
  const inside = relative(base, path);
  return inside === '' || inside.startsWith(`..${sep}`) || inside === '..' || isAbsolute(inside)
    ? path
    : inside;
}

/** `evaluation_prompts_8.json` is the quick set, `evaluation_prompts.json` the full one; looked for beside the run and around it. */
export async function findPromptFile(
  kind: 'quick' | 'full',
  beside: readonly string[],
  files: HostFiles,
): Promise<string | null> {
  const wanted =
    kind === 'quick'
      ? /^(evaluation_)?prompts?_(8|quick)\.(json|jsonl|txt)$/i
      : /^(evaluation_)?prompts?(_(50|full))?\.(json|jsonl|txt)$/i;
  const places = beside.flatMap((folder) => [
    folder,
    join(folder, 'data'),
    join(folder, 'data', 'eval'),
    join(folder, 'prompts'),
  ]);
  const lists = await Promise.all(places.map((place) => files.list(place).catch(() => [])));
  for (const [index, names] of lists.entries()) {
    const name = [...names].sort().find((candidate) => wanted.test(candidate));
    if (name !== undefined) return join(places[index] ?? '', name);
  }
  return null;
}

/** Folders to look in for what belongs to a run: the one it lies in, and those around it up to the work folder. */
export function foldersAround(runFolder: string, workFolder: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(runFolder); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === workFolder || folder === dirname(folder) || folders.length > 8) break;
  }
  return folders.includes(workFolder) ? folders : [dirname(runFolder), workFolder];
}

/** The name after the parent's: `output_epoch3` → `output_epoch4`, `run` → `run_2`. */
export function nextName(parent: string): string {
  const counted = /^(.*?)(\d{1,4})$/.exec(parent);
  return counted === null ? `${parent}_2` : `${counted[1] ?? ''}${Number(counted[2]) + 1}`;
}

function withoutUps(path: string): string {
  return (
    path
      .split(/[\\/]/)
      .filter((part) => part !== '..' && part !== '.')
      .join(sep) || basename(path)
  );
}
