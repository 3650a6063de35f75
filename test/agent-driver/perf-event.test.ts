// cgroups/perf_event with the real program perf, which needs root. Software events only: a virtual
// machine may have no counters of the processor's.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  DEFAULT_CGROUP_OPTIONS,
  type PerfOptions,
} from '../../src/containerizer/isolators/cgroup-options.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import type { ContainerId } from '../../src/model/ids.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';
import { eventually, gone } from './outside.ts';

const PERF: PerfOptions = {
  events: ['task-clock', 'context-switches', 'page-faults'],
  intervalMs: 200,
  durationMs: 100,
};
const BUSY = { value: 'while :; do :; done' };
const IDLE = { value: 'sleep 1000' };

const path = process.env.PATH;
let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  process.env.PATH = path;
  await harness?.end();
  harness = undefined;
  folder[Symbol.dispose]();
});

const work = () => join(folder.path, 'work');
const isolators = (perf: PerfOptions) => ({ cgroups: { ...DEFAULT_CGROUP_OPTIONS, perf } });

const agent = (more: Partial<PerfOptions> = {}) =>
  DriverHarness.open(work(), {
    isolation: ['cgroups/perf_event'],
    isolators: isolators({ ...PERF, ...more }),
  });

const perfOf = async (container: ContainerId) => (await harness?.driver.usage(container))?.perf;
const sampled = (container: ContainerId) =>
  eventually(async () => ((await perfOf(container))?.task_clock ?? 0) > 0);

/** For agents that are started then, the program perf is this script, which knows the real one. */
function replacePerf(script: string): void {
  const real = (path ?? '')
    .split(':')
    .map((it) => join(it, 'perf'))
    .find((it) => existsSync(it));
  writeFileSync(join(folder.path, 'perf'), `#!/bin/sh\nREAL=${real}\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${folder.path}:${path}`;
}

test('events are counted in each container, again and again, also by a later agent', async () => {
  harness = await agent();
  const launch = { container: 'busy', checkpoint: true, task: { command: BUSY } };
  const { effect, recordedIn } = harness.declare(launch);
  await harness.stored(recordedIn);
  harness.driver.perform(effect);
  const busy = effect.containerId;
  const idle = harness.launch({ task: { command: IDLE } });
  for (const container of [busy, idle]) {
    await harness.status(container, TaskState.TASK_RUNNING);
  }
  await sampled(busy);
  await eventually(async () => (await perfOf(idle)) !== undefined);
  const first = (await perfOf(busy)) ?? expect.fail('not sampled');
  expect(Object.keys(first).toSorted()).toEqual([
    'context_switches',
    'duration',
    'page_faults',
    'task_clock',
    'timestamp',
  ]);
  expect(first.duration).toBeGreaterThan(0.05);
  expect(Date.now() / 1000 - first.timestamp).toBeLessThan(60);
  await eventually(async () => ((await perfOf(busy))?.timestamp ?? 0) > first.timestamp);
  const { task_clock: used = 0 } = (await perfOf(busy)) ?? {};
  expect((await perfOf(idle))?.task_clock).toBeLessThan(used);
  await harness.destroy(idle);
  expect(await perfOf(idle)).toBeUndefined();

  await harness.driver.close();
  harness = await agent();
  harness.reattach(launch);
  await sampled(busy);
  await harness.destroy(busy);
});

test('a sample that fails is warned of once, and old figures are not shown', async () => {
  const broken = join(folder.path, 'broken');
  replacePerf(`[ -e ${broken} ] && { echo out of order >&2; exit 3; }; exec "$REAL" "$@"`);
  harness = await agent();
  const container = harness.launch({ task: { command: BUSY } });
  await sampled(container);
  const rounds = join(folder.path, 'rounds');
  replacePerf(
    `echo >> ${rounds}; [ -e ${broken} ] && { echo out of order >&2; exit 3; }; exec "$REAL" "$@"`,
  );
  writeFileSync(broken, '');
  await eventually(() => existsSync(rounds) && readFileSync(rounds, 'utf8').length > 3);
  expect(await perfOf(container)).toBeUndefined();
  rmSync(broken);
  await sampled(container);
  expect(harness.logs.filter((it) => it.includes('perf'))).toEqual([
    'The events of --perf_events cannot be counted now: out of order',
  ]);
});

test('an agent ends at its start where perf is broken, or cannot count an event', async () => {
  // As on a machine that cannot count one of them.
  replacePerf('"$REAL" "$@" | sed "s/^[^,]*,,context/<not supported>,,context/"');
  await expect(
    agent({ events: ['page-faults', 'context-switches', 'LLC-nothing'] }),
  ).rejects.toThrow(
    /^--perf_events: this machine cannot count context-switches \(not supported\), LLC-nothing \(.+\): /,
  );
  replacePerf('printf "Error:\\nno kernel for me\\nConsider\\n" >&2; exit 2');
  await expect(agent()).rejects.toThrow(
    `The program '${folder.path}/perf' does not work: no kernel for me`,
  );
  process.env.PATH = folder.path;
  rmSync(join(folder.path, 'perf'));
  await expect(agent()).rejects.toThrow(
    '--perf_events needs the program perf (Debian: package linux-perf), which is not in PATH',
  );
});

test('a container with a name that perf cannot be given is refused', async () => {
  harness = await agent();
  const container = harness.launch({ container: 'a,b', task: { command: IDLE } });
  expect(await harness.ended(container)).toMatchObject({
    failure:
      'cgroups/perf_event cannot count events in container "a,b": perf cannot be given its name',
  });
});

test('perf ends with the agent, in the middle of a sample', async () => {
  const file = join(folder.path, 'pid');
  replacePerf(`echo $$ > ${file}; exec "$REAL" "$@"`);
  harness = await agent({ durationMs: 3_600_000 });
  rmSync(file);
  harness.launch({ task: { command: IDLE } });
  await eventually(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  await harness.end();
  harness = undefined;
  await gone(Number(readFileSync(file, 'utf8')));
});
