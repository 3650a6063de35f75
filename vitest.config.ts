import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { PROGRAM_FOLDERS, PURE_FOLDERS } from './test/support/projects.ts';

const within = (folder: string) => `${folder}/**/*.test.ts`;
const pure = PURE_FOLDERS.map((folder) => within(`test/${folder}`));
/** Tests of whole programs: their own process has little to load, and waits. */
const programs = PROGRAM_FOLDERS.map((folder) => within(`test/${folder}`));
/** Suites that scripts/test.mjs has found to lack a package of the system. */
const leftOut = (process.env.MESOSCALE_SUITES_LEFT_OUT ?? '')
  .split(',')
  .filter(Boolean)
  .map(within);
/**
 * Tests with real processes and timers wait for a good part of their time: on two cores a third
 * worker uses it. Pure tests, after them, never wait.
 */
const REAL_WORKERS = 3;
const TEMPORARY_FILES = 'test/support/temporary-files.ts';

export default defineConfig({
  test: {
    // Node strips the types itself. Vite's rewritten imports make each call of a function of another
    // file slower, and nothing here is mocked, which is what they are for.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    testTimeout: 30_000,
    // Hooks start real masters and agents.
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    // With --coverage only. What other processes run is not counted: agents, masters and commands of test/e2e.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/generated/**'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'build/coverage',
    },
    projects: [
      // Nothing there outlives a test, so that files can share a worker and what it has loaded.
      {
        extends: true,
        test: {
          name: 'pure',
          include: pure,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      // What these start ends with its test as well; to load the same modules for each file anew
      // would cost more than the tests.
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: [...pure, ...programs, ...leftOut],
          isolate: false,
          maxWorkers: REAL_WORKERS,
          globalSetup: TEMPORARY_FILES,
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: programs,
          exclude: leftOut,
          isolate: false,
          // On a busy machine one program takes seconds to start, and such tests start many.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: REAL_WORKERS,
          globalSetup: TEMPORARY_FILES,
        },
      },
    ],
  },
});
