/** Long work beside an editor: in slices that leave it responsive. */
import { setImmediate } from 'node:timers/promises';

/** How long work may go on without letting others have the event loop, milliseconds. */
const SLICE_MS = 8;

/** Returns a function to await inside long loops: it lets others run once a slice is used up, and costs nothing before. */
export function pacer(): () => Promise<void> | undefined {
  let started = performance.now();
  return () => {
    if (performance.now() - started < SLICE_MS) return undefined;
    return setImmediate().then(() => {
      started = performance.now();
    });
  };
}

/** Maps in order of `items` with at most `limit` calls of `work` under way. */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
