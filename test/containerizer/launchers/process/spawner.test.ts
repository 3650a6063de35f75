// The spawner and its supervisors, from outside.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type CgroupKind,
  lookAtCgroups,
} from '../../../../src/containerizer/cgroups/hierarchies.ts';
import { bootId, processStat } from '../../../../src/containerizer/host/process-table.ts';
import {
  type ProcessSpec,
  Spawner,
} from '../../../../src/containerizer/launchers/process/spawner.ts';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';
import { unsealed } from '../../../../src/containerizer/records/sealed-text.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';
import { appeared, eventually, gone } from '../../../agent-driver/outside.ts';
import { CGROUP_HIERARCHY, cgroupRoot } from '../../../support/test-cgroups.ts';

let folder: ReturnType<typeof temporaryFolder>;
let spawner: Spawner;
let run: string;
const opened: Spawner[] = [];
const warnings: string[] = [];

const open = async () => {
  const made = new Spawner(await supervisorProgram(programs), (text) => warnings.push(text));
  opened.push(made);
  return made;
};

beforeEach(async () => {
  folder = temporaryFolder();
  run = join(folder.path, 'run');
  mkdirSync(run);
  spawner = await open();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((made) => made.close()));
  folder[Symbol.dispose]();
});

function launch(script: string, more: Partial<ProcessSpec> = {}, by = spawner) {
  const started = Promise.withResolvers<{ pid: number; startTicks: number }>();
  const ended = Promise.withResolvers<number | undefined>();
  const begun = Promise.withResolvers<void>();
  started.promise.catch(() => undefined);
  const token = by.launch(
    {
      mode: 'supervised',
      run,
      bootId: bootId(),
      directory: folder.path,
      stdout: join(folder.path, 'stdout'),
      stderr: join(folder.path, 'stderr'),
      cgroups: { own: [], joined: [] },
      settings: [],
      environment: { PATH: '/usr/bin:/bin', A: 'b=c\nd' },
      program: 'sh',
      arguments: ['zeroth', '-c', script],
      ...more,
    },
    {
      started: (pid, startTicks) => started.resolve({ pid, startTicks }),
      begun: () => begun.resolve(),
      ended: (status) => ended.resolve(status),
      failed: (error) => {
        started.reject(error);
        ended.reject(error);
      },
    },
  );
  return { token, started: started.promise, begun: begun.promise, ended: ended.promise };
}

const failure = () => unsealed(readFileSync(join(run, 'failure')));
const because = (text: unknown) => ({ kind: 'whole', text });

const status = (of = run) =>
  Number(/^wait (\d+) \1\n/.exec(readFileSync(join(of, 'status'), 'utf8'))?.[1]);

test('a supervisor holds its process until it is released', async () => {
  const { token, started, ended } = launch('echo ran');
  const { pid, startTicks } = await started;
  expect(processStat(pid)?.startTicks).toBe(startTicks);
  // Requests are handled in order: when this command has run, the other one could have run as well.
  const other = launch('echo other', { mode: 'plain' });
  expect(await other.ended).toBe(0);
  expect(existsSync(join(run, 'supervisor'))).toBe(false);
  spawner.release(token);
  expect(await ended).toBe(0);
  expect(status()).toBe(0);
  expect(readFileSync(join(folder.path, 'stdout'), 'utf8')).toBe('other\nran\n');
});

test('a process is said to have begun as it executes its command, not as it is held', async () => {
  const { token, started, begun, ended } = launch('sleep 1000; true');
  await started;
  const other = launch('echo other', { mode: 'plain' });
  await other.ended;
  const isHeld = Symbol();
  expect(await Promise.race([begun, Promise.resolve(isHeld)])).toBe(isHeld);
  spawner.release(token);
  await begun;
  const [, , pid] = readFileSync(join(run, 'supervisor'), 'utf8').split(' ');
  expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sh\n');
  spawner.signal(token, 10);
  await ended;
});

test.each([
  ['exit 0', 0],
  ['exit 130', 130 << 8],
  ['kill -TERM $$', 15],
  ['kill -KILL $$', 9],
])('a supervisor records the raw status of `%s`: %i', async (script, wanted) => {
  const { token, ended } = launch(script);
  spawner.release(token);
  await ended;
  expect(status()).toBe(wanted);
});

test('a supervisor records who it is before its process runs', async () => {
  const path = join(run, 'supervisor');
  const { token, started, ended } = launch(`cat ${path} > seen; echo $$ > pid; echo "$0$A"`);
  const { pid, startTicks } = await started;
  spawner.release(token);
  await ended;
  const seen = readFileSync(join(folder.path, 'seen'), 'utf8').trim().split(' ');
  const task = readFileSync(join(folder.path, 'pid'), 'utf8').trim();
  expect(seen.slice(0, 3)).toEqual([String(pid), String(startTicks), task]);
  expect(Math.abs(Number(seen[4]) - Date.now())).toBeLessThan(60_000);
  expect(seen[5]).toBe(bootId());
  expect(seen[6]).toBe('kept');
  expect(readFileSync(join(folder.path, 'stdout'), 'utf8')).toBe('zerothb=c\nd\n');
});

test('a supervisor does not wait for a FIFO in the place of its output', async () => {
  execFileSync('mkfifo', [join(folder.path, 'stdout')]);
  const { token, ended } = launch('touch ran');
  spawner.release(token);
  await ended;
  expect(failure()).toEqual(because(expect.stringMatching(/^Failed to open '.*\/stdout': /)));
  expect(existsSync(join(folder.path, 'ran'))).toBe(false);
});

test('a supervisor whose record is taken ends without running its process', async () => {
  writeFileSync(join(run, 'supervisor'), 'void\n');
  const { token, ended } = launch('touch ran');
  spawner.release(token);
  await ended;
  expect(existsSync(join(folder.path, 'ran'))).toBe(false);
  expect(existsSync(join(run, 'status'))).toBe(false);
});

test('a held supervisor ends with its spawner, or when it is signalled', async () => {
  const first = launch('touch ran');
  await first.started;
  spawner.signal(first.token, 15);
  expect(await first.ended).toBe(0);
  const second = launch('touch ran');
  const { pid } = await second.started;
  await spawner.close();
  await gone(pid);
  expect(existsSync(join(folder.path, 'ran'))).toBe(false);
});

test('a supervisor goes on without its spawner, and another one watches it', async () => {
  const { token, started } = launch('while ! test -e go; do sleep 0.02; done; exit 3');
  spawner.release(token);
  const { pid, startTicks } = await started;
  await appeared(join(run, 'supervisor'));
  await spawner.close();
  const other = await open();
  const ended = Promise.withResolvers<number | undefined>();
  other.watch(pid, startTicks, {
    started: () => undefined,
    ended: ended.resolve,
    failed: ended.reject,
  });
  writeFileSync(join(folder.path, 'go'), '');
  expect(await ended.promise).toBeUndefined();
  expect(status()).toBe(3 << 8);
});

test('a bound supervisor ends with its spawner, and all processes below', async () => {
  const { token, started } = launch('trap "" TERM USR1; echo $$ > p~; mv p~ p; sleep 1009', {
    mode: 'bound',
  });
  spawner.release(token);
  const { pid } = await started;
  await appeared(join(folder.path, 'p'));
  await spawner.close();
  await gone(pid);
  expect(status()).toBe(9);
  const task = Number(readFileSync(join(folder.path, 'p'), 'utf8'));
  expect(() => process.kill(task, 0)).toThrow('ESRCH');
});

test('a process with another start time is not the one to watch', async () => {
  const ended = Promise.withResolvers<number | undefined>();
  spawner.watch(process.pid, 1, {
    started: () => undefined,
    ended: ended.resolve,
    failed: ended.reject,
  });
  expect(await ended.promise).toBeUndefined();
});

/** Cgroups of a name, all of them joined. */
function cgroupsNamed(name: string, kind: CgroupKind | 'no') {
  const place = { hierarchy: CGROUP_HIERARCHY, root: cgroupRoot(folder.path) };
  const { hierarchies } = lookAtCgroups(place, kind === 'no' ? [] : [kind]);
  expect(hierarchies.length === 0).toBe(kind === 'no');
  const own = hierarchies.map(({ root }) => join(root, `${name}-${process.pid}`));
  return { own, joined: own };
}

test.each(['unified', 'freezer', 'no'] as const)(
  'SIGUSR1 ends all that is below, with %s cgroup (needs root)',
  async (kind) => {
    const cgroups = cgroupsNamed('spawner', kind);
    const { token, ended } = launch(
      'trap "" TERM USR1; setsid sleep 1004 & echo $! > p1; ' +
        "setsid sh -c 'sleep 1005 & echo $! > p2~; mv p2~ p2' & wait; sleep 1006",
      { cgroups },
    );
    spawner.release(token);
    await appeared(join(folder.path, 'p2'));
    spawner.signal(token, 10);
    expect(await ended).toBe(0);
    expect(status()).toBe(9);
    for (const name of ['p1', 'p2']) {
      const pid = Number(readFileSync(join(folder.path, name), 'utf8'));
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    }
    expect(cgroups.own.some((group) => existsSync(group))).toBe(false);
  },
);

/** A user without other processes, also of suites beside this one, as the kernel limits them. */
const nobodyElse = 1_000_000_000 + process.pid;
const bomber = { uid: nobodyElse, gid: nobodyElse, groups: [nobodyElse] };

const processesOf = (uid: number) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === uid);

const bomb = join(import.meta.dirname, 'fork-bomb.c');

test.each([
  { cgroup: 'unified', kind: 'bomb' },
  { cgroup: 'freezer', kind: 'bomb' },
  { cgroup: 'freezer', kind: 'spread' },
  { cgroup: 'no', kind: 'bomb' },
  { cgroup: 'no', kind: 'spread' },
  { cgroup: 'no', kind: 'chains' },
] as const)(
  'SIGUSR1 ends what forks on and on ($kind), with $cgroup cgroup (needs root)',
  async ({ cgroup, kind }) => {
    const program = join(folder.path, 'fork-bomb');
    execFileSync('cc', ['-o', program, bomb]);
    chmodSync(folder.path, 0o755);
    const { token, ended } = launch('', {
      identity: bomber,
      stdout: '/dev/null',
      stderr: '/dev/null',
      cgroups: cgroupsNamed('bomb', cgroup),
      program: 'sh',
      arguments: ['sh', '-c', `trap "" TERM; ${program} ${kind} & wait; sleep 1020`],
    });
    spawner.release(token);
    await eventually(() => processesOf(bomber.uid).length > (kind === 'chains' ? 3 : 100));
    spawner.signal(token, 15);
    spawner.signal(token, 10);
    await ended;
    expect(status()).toBe(9);
    expect(processesOf(bomber.uid)).toEqual([]);
  },
);

test('cgroups below its own, and ways out of it, do not save a process (needs root)', async () => {
  const cgroups = cgroupsNamed('nested', 'unified');
  const [group = expect.fail('no cgroup v2')] = cgroups.own;
  const { token, ended } = launch(
    `mkdir -p ${group}/one/two; sleep 1010 & echo $! > p1; echo $! > ${group}/one/two/cgroup.procs; ` +
      `sleep 1011 & echo $! > p2; echo $! > ${dirname(group)}/cgroup.procs; exit 3`,
    { cgroups },
  );
  spawner.release(token);
  await ended;
  expect(status()).toBe(3 << 8);
  for (const name of ['p1', 'p2']) {
    const pid = Number(readFileSync(join(folder.path, name), 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }
  expect(existsSync(group)).toBe(false);
});

test('what is frozen before its command runs can be ended (needs root)', async () => {
  const cgroups = cgroupsNamed('frozen', 'freezer');
  const [group = expect.fail('no freezer')] = cgroups.own;
  mkdirSync(group);
  writeFileSync(join(group, 'freezer.state'), 'FROZEN');
  const { token, ended } = launch('exit 3', { cgroups });
  spawner.release(token);
  await eventually(() => readFileSync(join(group, 'cgroup.procs'), 'utf8') !== '');
  spawner.signal(token, 10);
  expect(await ended).toBe(0);
  expect(status()).toBe(9);
  expect(existsSync(group)).toBe(false);
});

test('SIGTERM is passed on to all processes below', async () => {
  const { token, ended } = launch(
    'sh -c \'trap "echo child; exit" TERM; echo > ready; while :; do sleep 0.02; done\' & ' +
      'trap "echo parent" TERM; wait; wait; exit 5',
  );
  spawner.release(token);
  await appeared(join(folder.path, 'ready'));
  spawner.signal(token, 15);
  await ended;
  expect(status()).toBe(5 << 8);
  const output = readFileSync(join(folder.path, 'stdout'), 'utf8');
  expect(output.trim().split('\n').sort()).toEqual(['child', 'parent']);
});

test('asked to end and killed at once, a process has been asked first', async () => {
  const { token, ended } = launch('echo $$ > p~; mv p~ p; exec sleep 1013');
  spawner.release(token);
  await appeared(join(folder.path, 'p'));
  const task = readFileSync(join(folder.path, 'p'), 'utf8').trim();
  // A shell blocks signals at times; sleep never does.
  await eventually(() => readFileSync(`/proc/${task}/comm`, 'utf8') === 'sleep\n');
  spawner.signal(token, 15);
  spawner.signal(token, 10);
  await ended;
  expect(status()).toBe(15);
});

test.each([
  { signal: 10, does: 'destroys', wanted: 9 },
  { signal: 15, does: 'asks to end', wanted: 6 << 8 },
])('a signal that $does is not lost with the spawner', async ({ signal, wanted }) => {
  const { token, started, ended } = launch(
    'trap "exit 6" TERM; echo > ready; while :; do sleep 0.02; done',
  );
  const { pid } = await started;
  spawner.release(token);
  await appeared(join(folder.path, 'ready'));
  const first = Number(processStat(pid)?.parent);
  // Whatever the agent sends is not read any more.
  process.kill(first, 'SIGSTOP');
  spawner.signal(token, signal);
  process.kill(first, 'SIGKILL');
  await ended;
  expect(status()).toBe(wanted);
});

test('a signal that was passed on does not come again with the next spawner', async () => {
  const { token, started, ended } = launch(
    'trap "echo asked" TERM; echo > ready; while ! test -e go; do sleep 0.02; done',
  );
  const { pid } = await started;
  spawner.release(token);
  await appeared(join(folder.path, 'ready'));
  spawner.signal(token, 15);
  const asked = () => readFileSync(join(folder.path, 'stdout'), 'utf8');
  await eventually(() => asked() !== '');
  // The spawner reports in order: what it has said of the signal is read before this is.
  expect(await launch('exit 0', { mode: 'plain', stdout: '/dev/null' }).ended).toBe(0);
  const before = warnings.length;
  process.kill(Number(processStat(pid)?.parent), 'SIGKILL');
  await eventually(() => warnings.length > before);
  expect(await launch('exit 0', { mode: 'plain', stdout: '/dev/null' }).ended).toBe(0);
  writeFileSync(join(folder.path, 'go'), '');
  await ended;
  expect(asked()).toBe('asked\n');
});

test.each([
  [{ directory: '/no/such/folder' }, "Failed to change directory to '/no/such/folder'"],
  [{ stdout: '/no/such/folder/x' }, "Failed to open '/no/such/folder/x'"],
])('a supervisor tells why its process could not be started: %o', async (more, text) => {
  const { token, ended } = launch('true', more);
  spawner.release(token);
  await ended;
  expect(failure()).toEqual(because(`${text}: No such file or directory`));
  expect(existsSync(join(run, 'status'))).toBe(false);
});

test('a cgroup that cannot be made fails the launch', async () => {
  const { started, ended } = launch('true', { cgroups: { own: ['/no/such/cgroup'], joined: [] } });
  await expect(started).rejects.toThrow("Failed to create cgroup '/no/such/cgroup'");
  await expect(ended).rejects.toThrow();
});

test('drops to a user with its groups (needs root)', async () => {
  const identity = { uid: 65534, gid: 65534, groups: [65534, 4] };
  const { token, ended } = launch('id -u; id -g; id -G', {
    identity,
    directory: '/tmp',
    stdout: '/dev/null',
    stderr: '/dev/null',
    program: 'sh',
    arguments: ['sh', '-c', 'test "$(id -u) $(id -g) $(id -G)" = "65534 65534 65534 4"'],
  });
  spawner.release(token);
  await ended;
  expect(status()).toBe(0);
});

test.each(['exits', 'is killed', 'has lost its spawner'])(
  'what a plain process left behind ends when it %s',
  async (how) => {
    const end = how === 'exits' ? 'exit 7' : 'exec sleep 1007';
    const script = `setsid sleep 1006 & echo $! > p~; mv p~ p; ${end}`;
    const { token, started, ended } = launch(script, { mode: 'plain' });
    const { pid: companion } = await started;
    await appeared(join(folder.path, 'p'));
    if (how === 'has lost its spawner') {
      process.kill(Number(processStat(companion)?.parent), 'SIGKILL');
      await gone(companion);
    } else if (how === 'is killed') {
      spawner.signal(token, 10);
      expect(await ended).toBe(9);
    } else {
      expect(await ended).toBe(7 << 8);
    }
    const left = Number(readFileSync(join(folder.path, 'p'), 'utf8'));
    expect(() => process.kill(left, 0)).toThrow('ESRCH');
  },
);

test('plain processes end with the spawner', async () => {
  const { started } = launch('exec sleep 1008', { mode: 'plain' });
  const { pid } = await started;
  await spawner.close();
  await gone(pid);
});

test.each([
  ['a folder', (path: string) => mkdirSync(path)],
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a link to nowhere', (path: string) => symlinkSync('/no/such/folder/x', path)],
])('%s where its status is to go makes way for it', async (_, make) => {
  make(join(run, 'status'));
  const { token, ended } = launch('exit 3');
  spawner.release(token);
  expect(await ended).toBe(0);
  expect(status()).toBe(3 << 8);
});

test('a status that can be put nowhere is told with its cause (needs root)', async () => {
  const path = join(run, 'status');
  mkdirSync(path);
  execFileSync('mount', ['--bind', path, path]);
  try {
    const { token, ended } = launch('exit 3');
    spawner.release(token);
    expect(await ended).toBe(0);
  } finally {
    execFileSync('umount', [path]);
  }
  expect(failure()).toEqual(
    because('Failed to record how the command ended (wait status 768): Is a directory'),
  );
});

test('many processes can be launched at once', async () => {
  const all = Array.from({ length: 60 }, (_, index) => {
    const own = join(folder.path, `run-${index}`);
    mkdirSync(own);
    const launched = launch(`exit ${index}`, { run: own });
    spawner.release(launched.token);
    return launched.ended.then(() => status(own));
  });
  expect(await Promise.all(all)).toEqual(all.map((_, index) => index << 8));
});

test.each([
  ['an environment of 9 MB', { environment: big('x'.repeat(1_000_000)) }, 'too large: 9000'],
  ['a NUL character', { arguments: ['sh', '-c', 'true\0rm'] }, 'have a NUL character'],
])('%s costs that launch, and no other', async (_, more, text) => {
  const other = launch('exec sleep 1014', { mode: 'plain' });
  await other.started;
  const refused = launch('true', more);
  await expect(refused.started).rejects.toThrow(text);
  await expect(refused.ended).rejects.toThrow(text);
  await expect(launch('true', { mode: 'plain' }).ended).resolves.toBe(0);
  spawner.signal(other.token, 15);
  expect(await other.ended).toBe(15);
});

test.each([
  ['an argument', { arguments: ['sh', '-c', 'true', 'x'.repeat(131_072)] }],
  ['a variable', { environment: { LONG: 'x'.repeat(131_072) } }],
  ['an environment', { environment: big('x'.repeat(100_000), 70) }],
])('%s beyond what the kernel takes is said so', async (_, more) => {
  const { token, ended } = launch('true', more);
  spawner.release(token);
  await ended;
  const told =
    /^Failed to execute 'sh': .* are more than the kernel takes.*: Argument list too long$/;
  expect(failure()).toEqual(because(expect.stringMatching(told)));
});

function big(value: string, count = 9) {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`BIG${index}`, value]));
}

test('the end of a watched process, while others are started, is told once and ends no other', async () => {
  const before = warnings.length;
  const watched = Array.from({ length: 10 }, () => {
    const child = spawn('sleep', ['60']);
    const ended = Promise.withResolvers<number | undefined>();
    let told = 0;
    const { startTicks = 0 } = processStat(child.pid ?? 0) ?? {};
    spawner.watch(child.pid ?? 0, startTicks, {
      started: () => undefined,
      ended: (status) => {
        told++;
        ended.resolve(status);
      },
      failed: ended.reject,
    });
    return { child, ended: ended.promise, told: () => told };
  });
  const launched = [];
  for (const { child } of watched) {
    for (let count = 0; count < 5; count++) {
      launched.push(launch('exit 0', { mode: 'plain' }).ended);
    }
    child.kill('SIGKILL');
    for (let count = 0; count < 5; count++) {
      launched.push(launch('exit 0', { mode: 'plain' }).ended);
    }
    await pause(2);
  }
  expect(new Set(await Promise.all(launched))).toEqual(new Set([0]));
  await Promise.all(watched.map(({ ended }) => ended));
  expect(watched.map(({ told }) => told())).toEqual(watched.map(() => 1));
  expect(warnings.slice(before)).toEqual([]);
});

test('requests that make no sense leave the others alone', async () => {
  const program = await supervisorProgram(programs);
  const child = execFileSync(program, [], {
    input: Buffer.concat([
      frame('?', 1, ''),
      frame('L', 2, 'plain\0'),
      frame('L', 3, '\0\0\0\0\0\0\0\x30999999\0\0'),
      frame('L', 4, 'x'.repeat(9_000_000)),
      frame('G', 5, ''),
      frame('S', 6, ''),
      Buffer.from([0, 0, 0, 0]),
      frame('?', 7, ''),
    ]),
    encoding: 'utf8',
  });
  expect(child.trim().split('\n')).toEqual([
    'failed 1 Unknown request',
    'failed 2 Malformed request, or no memory for it',
    'failed 3 Malformed request, or no memory for it',
    'failed 4 The command with its environment is too large: 9000005 bytes, of at most 8388608',
    'failed 7 Unknown request',
  ]);
});

function frame(kind: string, token: number, text: string): Buffer {
  const bytes = Buffer.alloc(9 + text.length);
  bytes.writeUInt32LE(5 + text.length, 0);
  bytes.write(kind, 4, 'latin1');
  bytes.writeUInt32LE(token, 5);
  bytes.write(text, 9, 'latin1');
  return bytes;
}

test('a signal costs the reading of its own processes, not of the whole machine', async () => {
  const strangers = launch('for i in $(seq 300); do sleep 1015 & done; echo > up; wait', {
    mode: 'plain',
  });
  await appeared(join(folder.path, 'up'));
  const { token, started, ended } = launch(
    'trap "echo > told" TERM; echo > set; while :; do sleep 0.02; done',
  );
  spawner.release(token);
  const { pid } = await started;
  await appeared(join(folder.path, 'set'));
  const before = bytesRead(pid);
  spawner.signal(token, 15);
  await appeared(join(folder.path, 'told'));
  expect(bytesRead(pid) - before).toBeLessThan(300 * 50);
  spawner.signal(token, 10);
  await ended;
  spawner.signal(strangers.token, 10);
  await strangers.ended;
});

const bytesRead = (pid: number) =>
  Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
