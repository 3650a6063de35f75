// Loaded into a server under measurement before its own files: tells how long each of the turns of
// its event loop was busy, to a file that outlasts a kill -9.
import { openSync, readSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { LEAST_MS, STRETCHES_VARIABLE, type Stretch } from './stretches.ts';

/** A turn that takes longer than this delays the timer, and is seen by itself. */
const EVERY_MS = 5;

const path = process.env[STRETCHES_VARIABLE];
if (isMainThread && path !== undefined) {
  delete process.env[STRETCHES_VARIABLE];
  watch(path);
}

function watch(path: string): void {
  const output = openSync(path, 'a', 0o600);
  // Of the main thread: what it ran, and what it waited for a processor, in nanoseconds.
  const schedule = openSync('/proc/self/schedstat', 'r');
  const room = Buffer.alloc(128);
  const look = () => {
    const length = readSync(schedule, room, 0, room.length, 0);
    const [, waitedNs = 0] = room.toString('latin1', 0, length).split(' ').map(Number);
    const { user, system } = process.threadCpuUsage();
    return {
      busyMs: performance.eventLoopUtilization().active,
      cpuMs: (user + system) / 1000,
      waitedMs: waitedNs / 1e6,
    };
  };
  let last = look();
  setInterval(() => {
    const now = look();
    const stretch: Stretch = {
      endMs: Date.now(),
      busyMs: now.busyMs - last.busyMs,
      cpuMs: now.cpuMs - last.cpuMs,
      waitedMs: now.waitedMs - last.waitedMs,
    };
    last = now;
    if (stretch.busyMs >= LEAST_MS) {
      writeSync(output, `${JSON.stringify(stretch)}\n`);
    }
  }, EVERY_MS).unref();
}
