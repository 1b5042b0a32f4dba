/**
 * Runs `work` as soon as it is asked for, never twice at once, and not before `pauseMs` have passed since it last ended.
 * Askings in the meantime lead to one more run, and every asker's promise settles with the run that began after it asked.
 */
export function coalesce(work: () => Promise<void>, pauseMs: number): () => Promise<void> {
  let running: Promise<void> | null = null;
  let waiting: Promise<void> | null = null;
  let ended = -Infinity;

  return () => {
    waiting ??= start();
    return waiting;
  };

  async function start(): Promise<void> {
    // The run under way may have read before this asking: wait for it, then run again.
    await running?.catch(() => undefined);
    // Even without a pause not at once: what is asked for in one go is one run.
    await new Promise((resolve) => setTimeout(resolve, ended + pauseMs - performance.now()));
    waiting = null;
    running = work();
    try {
      await running;
    } finally {
      running = null;
      ended = performance.now();
    }
  }
}
