import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coalesce } from '../../../src/platform/coalesce';

const PAUSE = 100;

/** Work that ends when it is told to. */
function slowWork() {
  const ends: ((error?: Error) => void)[] = [];
  const work = vi.fn(
    () =>
      new Promise<void>((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve() : reject(error)));
      }),
  );
  return { work, end: (run: number, error?: Error) => ends[run]?.(error) };
}

describe('coalesce', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('makes one run of what is asked for in one go, at once', async () => {
    const { work, end } = slowWork();
    const ask = coalesce(work, PAUSE);
    const asked = [ask(), ask(), ask()];
    await vi.advanceTimersByTimeAsync(1);
    expect(work).toHaveBeenCalledTimes(1);
    end(0);
    await Promise.all(asked);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('runs once more, after the pause, for whoever asked while it ran', async () => {
    const { work, end } = slowWork();
    const ask = coalesce(work, PAUSE);
    void ask();
    await vi.advanceTimersByTimeAsync(1);
    let settled = false;
    void Promise.all([ask(), ask()]).then(() => (settled = true));
    await vi.advanceTimersByTimeAsync(10 * PAUSE);
    expect(work).toHaveBeenCalledTimes(1);

    end(0);
    await vi.advanceTimersByTimeAsync(PAUSE - 10);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(work).toHaveBeenCalledTimes(2);
    expect(settled).toBe(false);
    end(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toBe(true);
    await vi.advanceTimersByTimeAsync(10 * PAUSE);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('is not slowed by a pause that is over', async () => {
    const ask = coalesce(() => Promise.resolve(), PAUSE);
    void ask();
    await vi.advanceTimersByTimeAsync(PAUSE + 50);
    const asked = performance.now();
    const done = ask().then(() => performance.now() - asked);
    await vi.advanceTimersByTimeAsync(PAUSE);
    expect(await done).toBeLessThan(10);
  });

  it('tells a failure to those who asked for that run, and goes on', async () => {
    const { work, end } = slowWork();
    const ask = coalesce(work, PAUSE);
    const first = ask();
    const failed = expect(first).rejects.toThrow('no disk');
    await vi.advanceTimersByTimeAsync(1);
    const second = ask();
    end(0, new Error('no disk'));
    await failed;
    await vi.advanceTimersByTimeAsync(PAUSE + 1);
    end(1);
    await expect(second).resolves.toBeUndefined();
  });
});
