import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // Hooks start real masters and agents.
    hookTimeout: 60_000,
    // Two cores: more workers only make real processes wait for each other.
    maxWorkers: 2,
  },
});
