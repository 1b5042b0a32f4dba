import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One file after the other: each fault shall meet its jobs alone.
  test: { include: ['test/faults/**/*.faults.ts'], testTimeout: 180_000, fileParallelism: false },
});
