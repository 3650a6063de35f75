// How long the event loop of a server under measurement had no ear for anything new, from the file
// that preload.ts writes in that server.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement } from '../report.ts';

export const STRETCHES_VARIABLE = 'MESOSCALE_BENCH_STRETCHES';

/** Shorter ones are not told. */
export const LEAST_MS = 10;

/** What the loop did between two of its turns, or in a few very short ones. */
export interface Stretch {
  /** When it was over, as Date.now has it. */
  readonly endMs: number;
  readonly busyMs: number;
  /** What of that its thread has run. */
  readonly cpuMs: number;
  /** What of that its thread was ready, and others had the processors. */
  readonly waitedMs: number;
}

/** The environment in which a server is watched. */
export const watched = (path: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: [
    process.env.NODE_OPTIONS,
    `--import=${join(import.meta.dirname, 'preload.ts')}`,
  ].join(' '),
  [STRETCHES_VARIABLE]: path,
});

/** Those that were over between these times. */
export function stretches(path: string, sinceMs: number, untilMs = Date.now()): Stretch[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Stretch)
    .filter(({ endMs }) => endMs >= sinceMs && endMs <= untilMs);
}

/**
 * The longest stretch: as it was, what of it is the server's own doing (it ran, or waited for a
 * disk, while a processor was free for it), and the most that one has run.
 */
export function longest(phase: string, found: readonly Stretch[]): Measurement[] {
  const most = (of: (stretch: Stretch) => number) => Math.max(0, ...found.map(of));
  const measured = (what: string, value: number) => ({
    metric: `${phase}.${what}`,
    unit: 'ms',
    value,
  });
  return [
    measured(
      'loop',
      most(({ busyMs }) => busyMs),
    ),
    measured(
      'loop.own',
      most(({ busyMs, cpuMs, waitedMs }) => Math.max(cpuMs, busyMs - waitedMs)),
    ),
    measured(
      'loop.cpu',
      most(({ cpuMs }) => cpuMs),
    ),
  ];
}
