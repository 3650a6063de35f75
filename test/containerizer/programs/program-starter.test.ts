// Programs that are started by another process, which may be lost.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProgramCall } from '../../../src/containerizer/programs/program-call.ts';
import { ProgramStarter } from '../../../src/containerizer/programs/program-starter.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { until } from '../../support/cluster.ts';

const NEVER = new AbortController().signal;
const LOST = 'was lost with the process that starts programs: it has ended';

let folder: ReturnType<typeof temporaryFolder>;
let starter: ProgramStarter;

beforeEach(() => {
  folder = temporaryFolder();
  starter = new ProgramStarter();
});

afterEach(() => {
  if (starter.pid !== undefined) {
    process.kill(starter.pid, 'SIGKILL');
  }
  folder[Symbol.dispose]();
});

const shell = (script: string, circumstances: Partial<ProgramCall> = {}): ProgramCall => ({
  program: '/bin/sh',
  words: ['-c', script],
  environment: { PATH: process.env.PATH ?? '' },
  input: '',
  mostBytes: 4096,
  patience: { longestMs: 60_000, unwantedMs: 60_000, endMs: 60_000 },
  endsWithAgent: false,
  ...circumstances,
});

const outputOf = async (script: string, circumstances?: Partial<ProgramCall>) =>
  String((await starter.run(shell(script, circumstances), NEVER)).stdout);

const isRunning = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** Says in a file, when it is there, which processes a script has. */
const told = (pids: string, file: string) =>
  `echo ${pids} > '${file}.new'; mv '${file}.new' '${file}'`;

const hanging = (file: string) => `sleep 600 & ${told('$$ $!', file)}; wait`;

async function processesIn(file: string): Promise<number[]> {
  await until('it hangs', () => existsSync(file));
  return readFileSync(file, 'utf8').split(' ').map(Number);
}

const agent = (kind: 'bound' | 'free', script: string) =>
  spawn(process.execPath, [join(import.meta.dirname, 'agent.ts'), kind, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
  });

test('many at once have each their own input, environment and output', async () => {
  const outputs = await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      outputOf('printf "$AT $#:"; cat', { environment: { AT: `${at}` }, input: `input ${at}` }),
    ),
  );
  expect(outputs).toEqual(outputs.map((_, at) => `${at} 0:input ${at}`));
});

test('a program has the environment that it is given, and no descriptor of who starts it', async () => {
  const environment = { PATH: process.env.PATH ?? '', ONE: '1' };
  const script = 'pwd; ls /proc/self/fd; exec tr "\\0" "\\n" < /proc/$$/environ';
  expect(await outputOf(script, { environment })).toBe(
    execFileSync('/bin/sh', ['-c', script], { cwd: '/', env: environment, encoding: 'utf8' }),
  );
});

test('programs have the output that they are allowed, byte by byte', async () => {
  const script = 'head -c 4096 /dev/zero | tr "\\0" "\\377"';
  expect((await starter.run(shell(script), NEVER)).stdout).toEqual(Buffer.alloc(4096, 0xff));
  expect(await starter.run(shell(`${script}; echo`), NEVER)).toMatchObject({
    failure: 'printed more than 4096 bytes',
    stdout: Buffer.alloc(4096, 0xff),
  });
});

test('what runs is ended with the process that has started it, and the next call goes on', async () => {
  const file = join(folder.path, 'pids');
  const end = starter.run(shell(hanging(file)), NEVER);
  const pids = await processesIn(file);
  // It has told of the first one before it hears of another.
  await outputOf('true');
  process.kill(starter.pid ?? 0, 'SIGKILL');
  expect(await end).toMatchObject({ failure: LOST, hasExited: false });
  await until('nothing of it is left', () => !pids.some(isRunning));
  expect(await outputOf('echo again')).toBe('again\n');
});

/** A program with a connection, which ends with the process that has started it. */
const connecting = (script: string) => ({
  program: '/usr/bin/setpriv',
  words: ['--pdeathsig', 'KILL', '/bin/sh', '-c', script],
});

test('a connection of a program is passed on before anything comes from it', async () => {
  const script = 'echo connected; cat; echo first >&3; exec cat <&3 >&3';
  const dialled = Array.from({ length: 20 }, async (_, at) => {
    const { said, connection } = await starter.connect(connecting(script), NEVER);
    connection?.end(`${at}`);
    return `${said}${connection && (await text(connection))}`;
  });
  expect(await Promise.all(dialled)).toEqual(dialled.map((_, at) => `connected\nfirst\n${at}`));
});

test('connections end with the process that has started their programs', async () => {
  const { connection } = await starter.connect(connecting('echo; cat; exec cat <&3 >&3'), NEVER);
  const file = join(folder.path, 'pids');
  const waiting = starter.connect(connecting(`${told('$$', file)}; exec sleep 600`), NEVER);
  const [pid = 0] = await processesIn(file);
  process.kill(starter.pid ?? 0, 'SIGKILL');
  await expect(waiting).rejects.toThrow(`the program ${LOST}`);
  expect(connection && (await text(connection))).toBe('');
  await until('its program is gone', () => !isRunning(pid));
});

test('what starts programs ends with an agent that has not taken a connection yet', async () => {
  const module = '../../../src/containerizer/programs/starting-process.ts';
  const starting = spawn(process.execPath, [join(import.meta.dirname, module)], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: { NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' },
  });
  const ended = once(starting, 'exit');
  // Node's own channel would acknowledge the connection.
  const channel = starting.stdio[3] as Duplex;
  const file = join(folder.path, 'pids');
  const connection = connecting(`${told('$$', file)}; echo connected; exec sleep 600`);
  channel.write(`${JSON.stringify({ id: 1, connection })}\n`);
  expect(String((await once(channel, 'data'))[0])).toContain('"NODE_HANDLE"');
  channel.destroy();
  expect(await ended).toEqual([0, null]);
  const [pid = 0] = await processesIn(file);
  await until('its program is gone', () => !isRunning(pid));
});

test('a process that starts programs and answers no more is replaced', async () => {
  const impatient = new ProgramStarter(100);
  await impatient.run(shell('true'), NEVER);
  const { pid = 0 } = impatient;
  process.kill(pid, 'SIGSTOP');
  const patience = { longestMs: 0, unwantedMs: 0, endMs: 0 };
  expect((await impatient.run(shell('true', { patience }), NEVER)).failure).toMatch(/not answer/);
  await until('it is gone', () => !isRunning(pid));
  expect((await impatient.run(shell('true'), NEVER)).failure).toBeUndefined();
});

test('an agent ends though the process that starts programs waits for more', async () => {
  const running = agent('free', 'echo "$PPID"');
  const [output, [status]] = await Promise.all([text(running.stdout), once(running, 'close')]);
  expect(status).toBe(0);
  await until('it is gone', () => !isRunning(Number(output)));
});

test.each([
  ['bound', 'ends with the agent'],
  ['free', 'goes on after the agent'],
] as const)('a %s program %s that is killed, as what starts programs', async (kind, _) => {
  const file = join(folder.path, 'pids');
  const running = agent(kind, `echo $PPID > '${file}.starter'; ${hanging(file)}`);
  const pids = await processesIn(file);
  const started = Number(readFileSync(`${file}.starter`, 'utf8'));
  running.kill('SIGKILL');
  await until('what starts programs is gone', () => !isRunning(started));
  if (kind === 'bound') {
    await until('nothing of it is left', () => !pids.some(isRunning));
  } else {
    expect(pids.map(isRunning)).toEqual([true, true]);
    process.kill(-(pids[0] ?? Number.NaN), 'SIGKILL');
  }
});
