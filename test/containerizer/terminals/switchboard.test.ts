// The switchboard of a container, with real supervisors, pipes and terminals.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  attachInput,
  attachOutput,
  NotAttachableError,
  type OutputReader,
} from '../../../src/containerizer/terminals/switchboard.ts';
import { appeared, eventually } from '../../agent-driver/outside.ts';
import { PIPES, Supervised, TERMINAL } from './supervised.ts';

let of: Supervised;
let run: string;

beforeEach(async () => {
  of = await Supervised.open();
  run = of.run;
});

afterEach(() => of.close());

const launch = (script: string, io: readonly string[]) => of.launch(script, io);
const file = (name: string) => of.file(name);

/** What a reader gets, as text. */
class Reading {
  readonly text = { stdout: '', stderr: '' };
  readonly done: Promise<void>;
  readonly reader: OutputReader;

  constructor(reader: OutputReader) {
    this.reader = reader;
    this.done = this.#read();
  }

  async #read(): Promise<void> {
    for await (const { stream, data } of this.reader) {
      this.text[stream] += data.toString();
    }
  }

  until(wanted: string): Promise<void> {
    return eventually(() => this.text.stdout.includes(wanted));
  }
}

async function emptyInput() {
  const input = await attachInput(run);
  input.end();
  return input.ended;
}

const read = async (as: 'reader' | 'owner' = 'reader') => new Reading(await attachOutput(run, as));

describe('a terminal', () => {
  test('is the process’s own, with its size; output goes to the file and to readers', async () => {
    const { release, ended } = await launch(
      'tty; stty size; echo "$TERM."; read line; echo "got $line"; exit 3',
      TERMINAL,
    );
    const reading = await read();
    release();
    await reading.until('.');
    const input = await attachInput(run);
    await input.write(Buffer.from('typed\n'));
    input.end();
    // The process may be quicker.
    expect(['taken', 'disconnected']).toContain(await input.ended);
    await reading.done;
    expect(reading.reader.isWhole).toBe(true);
    expect(reading.text.stdout).toMatch(
      /^\/dev\/pts\/\d+\r\n30 100\r\n\.\r\ntyped\r\ngot typed\r\n$/,
    );
    expect(reading.text.stderr).toBe('');
    await ended;
    expect(of.status).toBe(768);
    expect(file('stdout')).toBe(reading.text.stdout);
    expect(file('stderr')).toBe('');
  });

  test('passes interrupts, ends of input and new sizes on', async () => {
    const { release } = await launch(
      'trap "stty size" WINCH; trap "echo interrupted" INT; echo ready; ' +
        'while ! read line; do :; done; cat; echo over; sleep 100',
      TERMINAL,
    );
    const reading = await read();
    release();
    await reading.until('ready');
    const input = await attachInput(run);
    await input.resize(50, 120);
    await reading.until('50 120');
    await input.write(Buffer.from('\x03'));
    await reading.until('interrupted');
    // A terminal's input cannot be closed, only its programs be told of an end.
    await input.close();
    await input.write(Buffer.from('\n\x04'));
    await reading.until('over');
    input.abort();
    reading.reader.close();
  });
});

describe('pipes', () => {
  test('carry input, its end, and both outputs apart', async () => {
    const { release, ended } = await launch('cat; echo err >&2; echo bye', PIPES);
    const reading = await read('owner');
    release();
    const first = await attachInput(run);
    await first.write(Buffer.from('one\n'));
    first.end();
    expect(await first.ended).toBe('taken');
    const second = await attachInput(run);
    await second.write(Buffer.from('two\n'));
    await second.close();
    await reading.done;
    expect(reading.text).toEqual({ stdout: 'one\ntwo\nbye\n', stderr: 'err\n' });
    await ended;
    expect(of.status).toBe(0);
    expect(file('stderr')).toBe('err\n');
  });

  test('have one writer at a time, and no size', async () => {
    const { release } = await launch('exec sleep 100', PIPES);
    release();
    const first = await attachInput(run);
    // Served in the order of their coming.
    const second = await attachInput(run);
    expect(await second.ended).toBe('busy');
    await first.resize(1, 1);
    expect(await first.ended).toBe('noTerminal');
    const third = await attachInput(run);
    third.end();
    expect(await third.ended).toBe('taken');
  });

  test('tell a writer that is one too many so, however much it writes at once', async () => {
    const { release } = await launch('exec sleep 100', PIPES);
    release();
    const first = await attachInput(run);
    const bytes = Buffer.alloc(300_000);
    const others = await Promise.all(Array.from({ length: 40 }, () => attachInput(run)));
    for (const other of others) {
      void other.write(bytes);
    }
    expect(new Set(await Promise.all(others.map(({ ended }) => ended)))).toEqual(new Set(['busy']));
    first.abort();
  });

  test('that the process has closed take no input', async () => {
    const { release } = await launch('exec <&-; echo closed; exec sleep 100', PIPES);
    const reading = await read();
    release();
    await reading.until('closed');
    const input = await attachInput(run);
    await input.write(Buffer.from('lost'));
    expect(await input.ended).toBe('notRead');
    reading.reader.close();
  });

  test('a client that leaves does not keep others from a process that does not read', async () => {
    const { release } = await launch('exec sleep 100', PIPES);
    release();
    const first = await attachInput(run);
    void first.write(Buffer.alloc(1024 * 1024));
    const second = await attachInput(run);
    expect(await second.ended).toBe('busy');
    first.abort();
    let end = await emptyInput();
    while (end === 'busy') {
      end = await emptyInput();
    }
    expect(end).toBe('taken');
  });
});

describe('readers', () => {
  test('see what comes from their attaching on, and go on when others leave', async () => {
    const { release } = await launch('echo early; read a; echo late; read b; echo last', PIPES);
    const one = await read();
    release();
    await one.until('early');
    const other = await read();
    const input = await attachInput(run);
    await input.write(Buffer.from('\n'));
    await other.until('late');
    one.reader.close();
    await input.write(Buffer.from('\n'));
    await other.done;
    expect(other.text.stdout).toBe('late\nlast\n');
  });

  test('slow the process down, in bounded memory', async () => {
    const { release, ended } = await launch(
      'for i in 1 2 3 4; do head -c 1000000 /dev/zero; echo $i >> count; done',
      PIPES,
    );
    const reader = await attachOutput(run, 'owner');
    release();
    await appeared(of.path('stdout'));
    await eventually(() => file('stdout').length > 200_000);
    const written = file('stdout').length;
    expect(written).toBeLessThan(600_000);
    expect(existsSync(of.path('count'))).toBe(false);
    let size = 0;
    for await (const { data } of reader) {
      size += data.length;
    }
    expect(size).toBe(4_000_000);
    await ended;
    expect(file('stdout').length).toBe(4_000_000);
  });

  test('that are slow get the rest when the container has ended', async () => {
    const { release, ended } = await launch('head -c 400000 /dev/zero', PIPES);
    const reader = await attachOutput(run, 'owner');
    release();
    await ended;
    let size = 0;
    for await (const { data } of reader) {
      size += data.length;
    }
    expect({ size, isWhole: reader.isWhole }).toEqual({ size: 400_000, isWhole: true });
  });

  test('an owner that leaves takes the session along', async () => {
    const { release, ended } = await launch('trap "" HUP TERM; echo up; sleep 100', PIPES);
    const owner = await read('owner');
    release();
    await owner.until('up');
    owner.reader.close();
    await ended;
    expect(of.status).toBe(9);
  });

  test('attach again after the agent', async () => {
    const { release } = await launch('read a; echo "got $a"', TERMINAL);
    release();
    await appeared(join(run, 'supervisor'));
    await of.spawner.close();
    const reading = await read();
    const input = await attachInput(run);
    await input.write(Buffer.from('again\n'));
    await reading.done;
    expect(reading.text.stdout).toBe('again\r\ngot again\r\n');
  });
});

test('what a container leaves behind when it ends does not keep its readers', async () => {
  const { release, ended } = await launch('(sleep 100; echo late) & echo early', PIPES);
  const reading = await read('owner');
  release();
  await reading.done;
  await ended;
  expect(reading.text.stdout).toBe('early\n');
});

test('without a switchboard there is nothing to attach to', async () => {
  const { release, ended } = await launch('read a; echo $?', []);
  await expect(attachOutput(run, 'reader')).rejects.toThrow(NotAttachableError);
  release();
  await ended;
  expect(file('stdout')).toBe('1\n');
});

test('a FIFO in place of a file for output is refused', async () => {
  execFileSync('mkfifo', [of.path('stderr')]);
  const { release, ended } = await launch('echo ran', PIPES);
  release();
  await ended;
  expect(readFileSync(join(run, 'failure'), 'utf8')).toContain('stderr');
});

test('a link in place of a file for output is not followed', async () => {
  const victim = of.path('victim');
  symlinkSync(victim, of.path('stdout'));
  const { release, ended } = await launch('echo ran', PIPES);
  release();
  await ended;
  expect(readFileSync(join(run, 'failure'), 'utf8')).toContain('stdout');
  expect(existsSync(victim)).toBe(false);
});
