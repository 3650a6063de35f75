import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import {
  CLOSED_LEFT_OUT,
  CLOSED_SLICE,
  CLOSED_TEST,
  PROGRAM_FOLDERS,
  PURE_FOLDERS,
} from './test/support/projects.ts';

const within = (place: string) => (place.endsWith('.ts') ? place : `${place}/**/*.test.ts`);
const pure = PURE_FOLDERS.map((folder) => within(`test/${folder}`));
/** Tests of whole programs: their own process has little to load, and waits. */
const programs = PROGRAM_FOLDERS.map((folder) => within(`test/${folder}`));
const isAllClosed = process.env.MESOSCALE_TEST_CLOSED === 'true';
/** Suites that scripts/test.mjs has found to lack a package of the system. */
const leftOut = (process.env.MESOSCALE_SUITES_LEFT_OUT ?? '')
  .split(',')
  .filter(Boolean)
  .map(within);
/**
 * Tests with real processes and timers wait for a good part of their time: on two cores a third
 * worker uses it. Pure tests never wait: `npm test` runs them beside these, at a low priority.
 */
const REAL_WORKERS = 3;
/** On a busy machine one program takes seconds to start, and such tests start many. */
const PROGRAM_TIMEOUT_MS = 180_000;
const TEMPORARY_FILES = 'test/support/temporary-files.ts';
const BUNDLE = 'test/support/bundle.ts';

const closed: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'closed',
    include: isAllClosed ? [within('test/e2e')] : CLOSED_SLICE,
    exclude: [...CLOSED_LEFT_OUT, ...leftOut],
    isolate: false,
    testTimeout: PROGRAM_TIMEOUT_MS,
    hookTimeout: PROGRAM_TIMEOUT_MS,
    maxWorkers: REAL_WORKERS,
    globalSetup: [TEMPORARY_FILES, BUNDLE, 'test/support/closed-files.ts'],
    setupFiles: 'test/support/closed-environment.ts',
  },
};

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
          // They wait for nothing: how long one takes says what else the machine does.
          testTimeout: PROGRAM_TIMEOUT_MS,
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
          globalSetup: [TEMPORARY_FILES, BUNDLE],
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: programs,
          exclude: [CLOSED_TEST, ...leftOut],
          isolate: false,
          testTimeout: PROGRAM_TIMEOUT_MS,
          hookTimeout: PROGRAM_TIMEOUT_MS,
          maxWorkers: REAL_WORKERS,
          globalSetup: [TEMPORARY_FILES, BUNDLE],
        },
      },
      ...(leftOut.includes(CLOSED_TEST) ? [] : [closed]),
    ],
  },
});
