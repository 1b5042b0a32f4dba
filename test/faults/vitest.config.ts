import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    testTimeout: 180_000,
    retry: process.env['CI'] === 'true' ? 1 : 0,
    // Most of the time is spent waiting: for a cut link to be noticed, a limit to be reached. Each file has hosts of its own.
    maxWorkers: 2,
  },
});
