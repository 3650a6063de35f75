// The parts suite: small parts of ours and Node's counterparts, in one process. Parts that handle
// requests have suites of their own (http, wire).
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PlainProcesses } from '../src/containerizer/launchers/process/plain-processes.ts';
import { Spawner } from '../src/containerizer/launchers/process/spawner.ts';
import { supervisorProgram } from '../src/containerizer/launchers/process/supervisor-program.ts';
import { Fifo } from '../src/model/fifo.ts';
import { Timers } from '../src/runtime/timers.ts';
import { decodeBase64, encodeBase64 } from '../src/wire/base64.ts';
import { timed } from './allocator/cluster.ts';
import { type Measurement, report } from './report.ts';

const RUNS = 5;
/** A ping timer for each agent of a large cluster. */
const TIMERS = 50_000;
const DELAY_MS = 75_000;
/** Events that wait while the loop is behind. */
const QUEUED = 100_000;
/** How many values are encoded: ids of 16 bytes, as in every status update. */
const VALUES = 100_000;
const PROCESSES = 200;

/** The microseconds of `run` for each of `count` items. */
const timedEach = (count: number, run: () => void) => (timed(run) * 1000) / count;

function measurements(unit: string, rival: string, ours: number, theirs: number): Measurement[] {
  return [
    { metric: 'ours', unit, value: ours },
    { metric: rival, unit, value: theirs },
    { metric: `${rival} / ours`, unit: 'times', value: theirs / ours },
  ];
}

/** Each agent's timer is set, and set again when the agent answers. */
function timers(): Measurement[] {
  const names = Array.from({ length: TIMERS }, (_, i) => `ping/${i}`);
  const own = new Timers(() => undefined);
  const platform = new Map<string, NodeJS.Timeout>();
  const ours = timedEach(TIMERS * 2, () => {
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        own.set(name, DELAY_MS);
      }
    }
  });
  const theirs = timedEach(TIMERS * 2, () => {
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        clearTimeout(platform.get(name));
        platform.set(
          name,
          setTimeout(() => undefined, DELAY_MS),
        );
      }
    }
  });
  own.close();
  for (const timer of platform.values()) {
    clearTimeout(timer);
  }
  return measurements('us', 'setTimeout', ours, theirs);
}

/** Events are pushed and taken while `QUEUED` others wait. */
function queue(): Measurement[] {
  const own = new Fifo<number>();
  const array: number[] = [];
  for (let i = 0; i < QUEUED; i++) {
    own.push(i);
    array.push(i);
  }
  const turns = QUEUED / 10;
  const ours = timedEach(turns, () => {
    for (let i = 0; i < turns; i++) {
      own.push(i);
      own.take();
    }
  });
  const theirs = timedEach(turns, () => {
    for (let i = 0; i < turns; i++) {
      array.push(i);
      array.shift();
    }
  });
  return measurements('us', 'Array.shift', ours, theirs);
}

function base64(): Measurement[] {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 16);
  let length = 0;
  const ours = timedEach(VALUES, () => {
    for (let i = 0; i < VALUES; i++) {
      const back = decodeBase64(encodeBase64(bytes));
      length += back instanceof Uint8Array ? back.length : 0;
    }
  });
  const theirs = timedEach(VALUES, () => {
    for (let i = 0; i < VALUES; i++) {
      length += Buffer.from(Buffer.from(bytes).toString('base64'), 'base64').length;
    }
  });
  if (length !== VALUES * bytes.length * 2) {
    throw new Error(`${length} bytes have come back`);
  }
  return measurements('us', 'Buffer', ours, theirs);
}

/**
 * CPU time of this process for each process that it starts: while it does that, an agent cannot do
 * its other work.
 */
async function processes(): Promise<Measurement[]> {
  const folders = [join(import.meta.dirname, '..', 'build'), tmpdir()];
  const spawner = new Spawner(await supervisorProgram(folders), (text) => {
    throw new Error(text);
  });
  const plain = new PlainProcesses(spawner);
  const spec = {
    directory: '/',
    stdout: '/dev/null',
    stderr: '/dev/null',
    cgroups: { own: [], joined: [] },
    settings: [],
    environment: {},
    program: '/bin/true',
    arguments: ['true'],
  };
  const ours = await cpuOf(() => plain.run(spec, new AbortController().signal));
  const theirs = await cpuOf(
    () =>
      new Promise((resolve, reject) => {
        spawn('/bin/true', [], { stdio: 'ignore', env: {}, cwd: '/' })
          .on('error', reject)
          .on('close', resolve);
      }),
  );
  await spawner.close();
  return measurements('us', 'child_process', ours, theirs);
}

async function cpuOf(start: () => Promise<unknown>): Promise<number> {
  await start();
  const before = process.cpuUsage();
  for (let i = 0; i < PROCESSES; i++) {
    await start();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / PROCESSES;
}

export const USAGE = 'usage: npm run bench -- parts [--json]';

export async function run(args: { json: boolean; args: string[] }): Promise<void> {
  parseArgs({ args: args.args, options: {} });
  const workloads = { timers, queue, base64, processes };
  for (const [workload, measure] of Object.entries(workloads)) {
    await measure();
    const runs: Measurement[][] = [];
    for (let i = 0; i < RUNS; i++) {
      runs.push(await measure());
    }
    report({ suite: 'parts', workload, agents: 0, frameworks: 0, runs, json: args.json });
  }
}
