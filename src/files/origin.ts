/** Whose copy a folder is, said in it by whoever makes the copy: what has no id of its own is then the same run in both places. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readJson } from './json';

const origin = z.object({
  /** As the machine calls itself. */
  host: z.string(),
  /** Absolute there, links resolved. */
  folder: z.string(),
});

export type Origin = Readonly<z.infer<typeof origin>>;

export function originFile(copy: string): string {
  return join(copy, '.origin.json');
}

/** Null where nothing says. */
export async function readOrigin(copy: string): Promise<Origin | null> {
  const { value } = await readJson(originFile(copy), 100_000);
  return origin.safeParse(value).data ?? null;
}

export async function writeOrigin(copy: string, { host, folder }: Origin): Promise<void> {
  const before = await readOrigin(copy);
  if (before?.host === host && before.folder === folder) return;
  const draft = `${originFile(copy)}.${randomUUID()}`;
  try {
    await writeFile(draft, `${JSON.stringify({ host, folder })}\n`, { flag: 'wx' });
    await rename(draft, originFile(copy));
  } finally {
    await rm(draft, { force: true });
  }
}
