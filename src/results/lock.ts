/**
 * One window at a time brings a host's files; the others see them appear. A file is the lock: made only where there is
 * none, touched while held, and taken over when nobody has touched it for a while. A sleeper who wakes finds another's word in it.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';

export interface Lock {
  /** Whether it is still ours: to be asked before anything that two must not do. */
  holds(): Promise<boolean>;
  release(): Promise<void>;
}

const TOUCH_MS = 5_000;
const STALE_MS = 30_000;

/** Null when another one holds it. */
export async function takeLock(file: string, staleMs = STALE_MS): Promise<Lock | null> {
  const word = `${hostname()} ${process.pid} ${randomUUID()}`;
  if (!(await create(file, word))) {
    const other = await stale(file, staleMs);
    if (other === null || !(await remove(file, other)) || !(await create(file, word))) return null;
  }
  const holds = async (): Promise<boolean> => (await wordIn(file)) === word;
  const timer = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  timer.unref();
  return {
    holds,
    release: async () => {
      clearInterval(timer);
      if (await holds()) await rm(file, { force: true });
    },
  };
}

async function create(file: string, word: string): Promise<boolean> {
  try {
    await writeFile(file, word, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The word of a lock that nobody touches any more, or null. */
async function stale(file: string, staleMs: number): Promise<string | null> {
  const word = await wordIn(file);
  const age = await stat(file).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0); // prettier-ignore
  return Math.abs(age) > staleMs || (word !== null && isDead(word)) ? word : null;
}

/** A window that was killed leaves its lock, and the next one shall not wait. Of other machines nothing can be said. */
function isDead(word: string): boolean {
  const [host, pid] = word.split(' ');
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Takes the stale lock away, and only that one: another window may just have put its own there. */
async function remove(file: string, word: string): Promise<boolean> {
  const aside = `${file}.${randomUUID()}`;
  const moved = await rename(file, aside).then(() => true, () => false); // prettier-ignore
  if (!moved) return false;
  const isStale = (await wordIn(aside)) === word;
  if (!isStale) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
  return isStale;
}

async function wordIn(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}
