import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    testTimeout: 20_000,
    // Some start real processes on a machine that others may keep busy: what passes the second time is told as such.
    retry: process.env['CI'] === 'true' ? 1 : 0,
  },
});
