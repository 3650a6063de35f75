import { expect, test } from 'vitest';
import { parseConstraints } from '../../../src/cli/batch/constraints.ts';
import { readTaskFile } from '../../../src/cli/batch/task-file.ts';

const defaults = { cpus: 1, mem: 32, role: '*', retries: 0, constraints: [] };
const read = (text: string) => readTaskFile(text, defaults);

test('JSON lines are read, with defaults for missing fields', () => {
  const tasks = read(
    '{"name":"a","command":"echo \\"a\\""}\n\n{"command":"b","cpus":0.5,"gpus":1,"env":{"X":"1"}}\n',
  );
  expect(tasks).toEqual([
    {
      index: 0,
      name: 'a',
      command: 'echo "a"',
      cpus: 1,
      mem: 32,
      disk: 0,
      gpus: 0,
      role: '*',
      retries: 0,
      env: {},
      constraints: [],
    },
    {
      index: 1,
      name: 'task-2',
      command: 'b',
      cpus: 0.5,
      mem: 32,
      disk: 0,
      gpus: 1,
      role: '*',
      retries: 0,
      env: { X: '1' },
      constraints: [],
    },
  ]);
});

test('CSV is read, with quotes, empty cells and spaces', () => {
  const [first, second] = read(
    'name, command ,cpus,retries\na,"echo ""x,y""; true",,2\n"b c",sleep 1,0.25,\n',
  );
  expect(first).toMatchObject({ name: 'a', command: 'echo "x,y"; true', cpus: 1, retries: 2 });
  expect(second).toMatchObject({ name: 'b c', command: 'sleep 1', cpus: 0.25, retries: 0 });
});

test('a task may have an image, and none is no part of it', () => {
  const [first, second] = read('command,image\na,busybox:1\nb,\n');
  expect(first?.image).toBe('busybox:1');
  expect(second).not.toHaveProperty('image');
  expect(() => read('{"command":"a","image":5}')).toThrow("line 1: image must be a text, got '5'");
});

test('constraints are texts or lists; those of all tasks come first', () => {
  const texts = (text: string) =>
    readTaskFile(text, { ...defaults, constraints: parseConstraints('hostname:UNIQUE') }).map(
      ({ constraints }) => constraints.map((constraint) => constraint.text),
    );
  const rows =
    'command,constraints\na,\nb,zone:IS:a;rack:GROUP_BY\nc,"[[""rack"",""LIKE"",""r[1,2]""]]"\n';
  expect(texts(rows)).toEqual([
    ['hostname:UNIQUE'],
    ['hostname:UNIQUE', 'zone:IS:a', 'rack:GROUP_BY'],
    ['hostname:UNIQUE', 'rack:LIKE:r[1,2]'],
  ]);
  expect(texts('{"command":"a","constraints":[["zone","IS","a"],"rack:GROUP_BY"]}')).toEqual([
    ['hostname:UNIQUE', 'zone:IS:a', 'rack:GROUP_BY'],
  ]);
});

test.each([
  ['', 'there is no task in it'],
  ['{"name":"a"}', 'line 1: command is missing'],
  ['command,cpus\n,1\n', 'line 2: command is missing'],
  ['{"command":5}', "line 1: command must be a text, got '5'"],
  ['{"command":"a"}\n{"command":', 'line 2: expected a JSON object, got \'{"command":\''],
  ['{"command":"a","cpu":1}', "line 1: unknown field 'cpu' (did you mean cpus?)"],
  ['{"command":"a","priority":1}', "line 1: unknown field 'priority' (there are name, command, "],
  ['{"command":"a","cpus":-1}', "line 1: cpus must be a number from 0 to 1000000000000, got '-1'"],
  ['{"command":"a","cpus":0,"mem":0}', 'line 1: a task needs some cpus or mem'],
  ['{"command":"a","gpus":0.5}', "line 1: gpus must be a whole number, got '0.5'"],
  ['{"command":"a","env":{"A":1}}', 'line 1: env must be a JSON object of texts'],
  [
    '{"command":"a"}\n{"command":"b","constraints":[["rack","LIKES","r1"]]}',
    'line 2: constraints must have one of the operators UNIQUE, CLUSTER, IS, GROUP_BY, LIKE, ' +
      `UNLIKE, MAX_PER after the attribute, got '[["rack","LIKES","r1"]]'`,
  ],
  [
    'command,constraints\na,rack:MAX_PER:none\n',
    "line 2: constraints must give MAX_PER a whole number from 1 on, got 'rack:MAX_PER:none'",
  ],
  [
    'name,command\na,echo 1,2\n',
    'line 2: has 3 cells where the header names 2 columns (a cell with commas is put in double quotes)',
  ],
  ['command\n"a\n', 'not readable as CSV: a double quote is not closed'],
  ['command\n"a" b\n', 'line 2: not readable as CSV: double quotes stand around a whole cell'],
  ['command,cpu\na,1\n', "line 1: the header has an unknown column 'cpu' (did you mean cpus?)"],
  ['name,cpus\na,1\n', 'line 1: the header has no column command'],
  ['command,command\na,b\n', 'line 1: the header has the column command twice'],
  ['name,command,cpus\na,b,1\nc,d,many\n', 'line 3: cpus must be a number'],
])('%j is refused by its line', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test('faulty lines are reported in their order, whatever the fault', () => {
  const text = 'command,cpus\na,many\nb\nc,1,2\nd,-1\ne,0.0001\n';
  expect(() => read(text)).toThrow(
    /^line 2: cpus .*\nline 3: has 1 cell .*\nline 4: has 3 cells .*\nline 5: cpus .*\nline 6: cpus must be 0 or/,
  );
});

test('all faults of a line are reported', () => {
  expect(() => read('{"comand":"a","cpus":"many","retries":1.5,"mem":0}')).toThrow(
    "line 1: unknown field 'comand' (did you mean command?)\n" +
      'line 1: command is missing\n' +
      "line 1: cpus must be a number from 0 to 1000000000000, got 'many'\n" +
      "line 1: retries must be a whole number, got '1.5'",
  );
});

test('a cell without a value is left empty', () => {
  expect(read('command,cpus,mem\na,,\nb,0.5,\n')).toMatchObject([
    { command: 'a', cpus: 1, mem: 32 },
    { command: 'b', cpus: 0.5, mem: 32 },
  ]);
});

test('faulty lines are reported, up to ten', () => {
  const wrong = (count: number) => {
    try {
      read(`command,cpus\ngood,1\n${'bad,many\n'.repeat(count)}`);
    } catch (error) {
      return (error as Error).message.split('\n');
    }
    return [];
  };
  expect(wrong(2).map((line) => line.slice(0, 12))).toEqual(['line 3: cpus', 'line 4: cpus']);
  expect(wrong(13)).toHaveLength(11);
  expect(wrong(13).at(-1)).toBe('and 3 more lines are wrong');
});
