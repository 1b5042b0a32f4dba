/**
 * Runs `work` soon after it is asked for, never twice at once. Askings while it runs lead to one more run, and every
 * asker's promise settles with the run that began after it asked.
 */
export function coalesce(work: () => Promise<void>, delayMs: number): () => Promise<void> {
  let running: Promise<void> | null = null;
  let waiting: Promise<void> | null = null;

  return () => {
    waiting ??= start();
    return waiting;
  };

  async function start(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    // The run under way may have read before this asking: wait for it, then run again.
    while (running !== null) await running.catch(() => undefined);
    waiting = null;
    running = work();
    try {
      await running;
    } finally {
      running = null;
    }
  }
}
