// Damage to what an agent has stored, between its kill and the next start: a running task is found
// again, or the start is refused with the name of the file. The task never ends silently.
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, processStat } from '../../src/containerizer/host/process-table.ts';
import { sealed } from '../../src/containerizer/records/sealed-text.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { DriverHarness, type Launch, temporaryFolder } from './harness.ts';
import { appeared, gone } from './outside.ts';

/** What an agent that was killed has left behind: its files, and a task that runs. */
interface Left {
  readonly folder: ReturnType<typeof temporaryFolder>;
  readonly work: string;
  readonly launch: Launch;
}

/** One process plays so many agents: one for each would take longer than the tests. */
const AT_ONCE = 6;
const others: Left[] = [];

let folder: ReturnType<typeof temporaryFolder>;
let work: string;
let launch: Launch;
let task: { readonly pid: number; readonly startTicks: number };
let supervisor: number;

const meta = () => join(work, 'meta');
const run = () => join(meta(), 'containers/a');

function place(): Left {
  const folder = temporaryFolder();
  const { path } = folder;
  // It opens the FIFO for reading and writing, so that it waits for a line only.
  const value = `mkfifo ${path}/go && exec 3<>${path}/go && echo $$ > ${path}/p~ && mv ${path}/p~ ${path}/p && read line <&3`;
  return {
    folder,
    work: join(path, 'work'),
    launch: { container: 'a', checkpoint: true, task: { command: { value } } },
  };
}

/** Lets the task end, where it has not. */
function go(path = folder.path): void {
  try {
    const fifo = openSync(join(path, 'go'), constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fifo, '\n');
    closeSync(fifo);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENXIO' });
  }
}

const pidOf = ({ path }: Left['folder']) => Number(readFileSync(join(path, 'p'), 'utf8'));
const supervisorOf = (pid: number) => processStat(pid)?.parent ?? expect.fail();

/** Leaves running tasks behind, as killed agents do. */
async function leaveBehind(): Promise<Left[]> {
  const left = Array.from({ length: AT_ONCE }, place);
  const script = fileURLToPath(new URL('./hosts.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(left)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = Promise.withResolvers<void>();
  child.once('exit', () => exited.resolve());
  const wanted = new Set(left.map((one) => one.work));
  for await (const line of createInterface({ input: child.stdout })) {
    wanted.delete(line);
    if (wanted.size === 0) {
      break;
    }
  }
  child.kill('SIGKILL');
  await exited.promise;
  for (const one of left) {
    await appeared(join(one.folder.path, 'p'));
  }
  return left;
}

beforeEach(async () => {
  if (others.length === 0) {
    others.push(...(await leaveBehind()));
  }
  ({ folder, work, launch } = others.pop() ?? expect.fail());
  const pid = pidOf(folder);
  task = processStat(pid) ?? expect.fail();
  supervisor = supervisorOf(pid);
  cpSync(meta(), join(folder.path, 'whole'), { recursive: true });
});

afterEach(async () => {
  go();
  await gone(supervisor);
  folder[Symbol.dispose]();
});

afterAll(async () => {
  for (const { folder } of others) {
    const own = supervisorOf(pidOf(folder));
    go(folder.path);
    await gone(own);
    folder[Symbol.dispose]();
  }
});

const runs = () => isAlive(task.pid, task.startTicks);

const files = () =>
  readdirSync(join(folder.path, 'whole'), { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder.path, 'whole', name)).isFile())
    .filter((name) => !name.startsWith('supervisor-'))
    .sort();

/**
 * Restores the files as they were when the agent was killed; the supervisor goes on working in its
 * folder.
 */
function restore(): void {
  for (const name of readdirSync(meta(), { recursive: true, encoding: 'utf8' })) {
    if (!statSync(join(meta(), name), { throwIfNoEntry: false })?.isDirectory()) {
      rmSync(join(meta(), name));
    }
  }
  cpSync(join(folder.path, 'whole'), meta(), { recursive: true });
}

async function start(isStrict = true): Promise<'found' | 'refused' | 'lost'> {
  let harness: DriverHarness;
  try {
    harness = await DriverHarness.open(work, { withCgroups: false, isStrict });
  } catch (error) {
    expect(String(error)).toMatch(/agent.sqlite/);
    expect(String(error)).toMatch(/--no-strict|later version/);
    return 'refused';
  }
  const [executor] = harness.checkpoint.frameworks.flatMap(({ executors }) => executors);
  await harness.driver.close();
  return executor?.containerId === 'a' && executor.alive ? 'found' : 'lost';
}

test('any damage to any file', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.constantFrom('bit', 'bits', 'cut', 'removed', 'emptied'),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(7),
      async (index, kind, where, bit) => {
        restore();
        const all = files();
        const path = join(meta(), all[index % all.length] ?? expect.fail());
        const bytes = readFileSync(path);
        const at = Math.floor(where * bytes.length);
        switch (kind) {
          case 'bit':
            if (bytes.length > 0) {
              bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
            }
            writeFileSync(path, bytes);
            break;
          case 'bits':
            writeFileSync(path, bytes.fill(0x5a, at, Math.min(at + 100, bytes.length)));
            break;
          case 'cut':
            truncateSync(path, at);
            break;
          case 'removed':
            rmSync(path);
            break;
          case 'emptied':
            truncateSync(path, 0);
            break;
        }
        expect(await start()).toMatch(/found|refused/);
        expect(runs()).toBe(true);
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

describe('a container that runs and is not known', () => {
  const forget = () => {
    for (const end of ['', '-wal', '.commits']) {
      rmSync(join(meta(), `agent.sqlite${end}`), { force: true });
    }
  };

  test('is neither killed nor passed over', async () => {
    forget();
    expect(await start()).toBe('refused');
    expect(runs()).toBe(true);
  });

  test('is named, where the checkpoint is whole but another', async () => {
    forget();
    const other = temporaryFolder();
    const harness = await DriverHarness.open(other.path);
    await harness.driver.close();
    cpSync(join(other.path, 'meta/agent.sqlite'), join(meta(), 'agent.sqlite'));
    other[Symbol.dispose]();
    await expect(DriverHarness.open(work)).rejects.toThrow(
      `does not know containers that run: a (kill -USR1 ${supervisor} ends it)`,
    );
    expect(runs()).toBe(true);
  });

  test('is killed and counted with --no-strict', async () => {
    forget();
    const harness = await DriverHarness.open(work, { withCgroups: false, isStrict: false });
    expect(harness.checkpoint).toMatchObject({ errors: 2, frameworks: [] });
    expect(harness.logs.join('\n')).toMatch(/Killing container a \(process \d+\)/);
    await gone(task.pid);
    await harness.driver.close();
  });
});

function replace(name: string, make: (path: string) => void): void {
  const path = join(run(), name);
  rmSync(path);
  make(path);
}

test.each([
  ['a blank with a flipped bit', '0'],
  ['null', 'null'],
  ['another shape', '"asked"'],
  ['without a time', '{"eeadlineMs":1,"cause":"asked"}'],
  ['of another cause', '{"deadlineMs":1,"cause":"`sked"}'],
  ['whole, but of another shape', sealed('null')],
  ['whole, but of another cause', sealed('{"deadlineMs":1,"cause":"`sked"}')],
])('a record of a kill that is %s (%s) kills no task that is healthy', async (_, text) => {
  writeFileSync(join(run(), 'killing'), text.padEnd(255).concat('\n'));
  const harness = await DriverHarness.open(work);
  const container = harness.reattach(launch);
  go();
  expect((await harness.terminalStatus(container)).state).toBe(TaskState.TASK_FINISHED);
  expect(harness.logs.join('\n')).toContain(
    'Whether container a was being killed cannot be told, and it goes on: ',
  );
  await harness.ended(container);
  await harness.driver.close();
});

test.each([
  ['cut', () => truncateSync(join(run(), 'supervisor'), 9)],
  ['removed', () => rmSync(join(run(), 'supervisor'))],
  ['removed with its folder', () => rmSync(run(), { recursive: true })],
  ['a folder', () => replace('supervisor', (path) => mkdirSync(path))],
  ['a FIFO', () => replace('supervisor', (path) => execFileSync('mkfifo', [path]))],
  ['beside a status that is a folder', () => replace('status', (path) => mkdirSync(path))],
])('a supervisor whose record is %s is found, and how its task ends', async (_, damage) => {
  damage();
  const harness = await DriverHarness.open(work);
  expect(harness.checkpoint.frameworks[0]?.executors).toMatchObject([
    { containerId: 'a', alive: true, processId: supervisor },
  ]);
  const container = harness.reattach(launch);
  go();
  expect((await harness.terminalStatus(container)).state).toBe(TaskState.TASK_FINISHED);
  await harness.ended(container);
  await harness.driver.close();
});

test('records that are removed under an agent are named where the exit status is missed', async () => {
  const harness = await DriverHarness.open(work);
  const container = harness.reattach(launch);
  rmSync(run(), { recursive: true });
  go();
  const what = `the folder of its records, '${run()}', was removed while it ran`;
  expect(await harness.terminalStatus(container)).toMatchObject({
    state: TaskState.TASK_FAILED,
    message: `Failed to get exit status for Command: ${what}`,
  });
  expect(harness.logs.join('\n')).toContain(
    `How the command of container a ended is not known: ${what}`,
  );
  await harness.ended(container);
  await harness.driver.close();
});
