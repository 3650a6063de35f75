// The checkpoint: what is reported as durable is, whatever happens to the process that wrote it.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckpointChange, CheckpointedFramework } from '../../src/agent/checkpoint.ts';
import { CheckpointDatabase, type CheckpointRows } from '../../src/checkpoint/database.ts';
import { CheckpointStore, checkpointOf } from '../../src/checkpoint/store.ts';
import { sumOf } from '../../src/filesystem/summed-rows.ts';
import {
  type Operation,
  type StatusUpdate,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { containerId, executorId, frameworkId, taskId } from '../../src/model/ids.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';
import { eventually } from '../agent-driver/outside.ts';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder[Symbol.dispose]());

const database = () => join(folder.path, 'agent.sqlite');

async function read() {
  const { store, rows } = await CheckpointStore.open(database());
  await store.close();
  return readFrom(rows);
}

const readFrom = (rows: CheckpointRows) =>
  checkpointOf(
    rows,
    () => ({ alive: false }),
    async (readNow) => readNow(),
  );

async function write(changes: readonly CheckpointChange[]): Promise<void> {
  const { store } = await CheckpointStore.open(database());
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  store.store(changes, resolve);
  expect(await promise).toBeUndefined();
  await store.close();
}

const framework = (id: string): CheckpointChange => ({
  type: 'framework',
  framework: { user: 'u', name: `name of ${id}`, id: { value: id } },
});

const runOf = (framework: string, run: string) => ({
  frameworkId: frameworkId(framework),
  executorId: executorId(`e-${run}`),
  containerId: containerId(run),
});

const executor = (of: string, run: string): CheckpointChange => ({
  type: 'executor',
  ...runOf(of, run),
  info: { executor_id: { value: `e-${run}` } },
  builtin: 'command',
});

const task = (of: string, run: string, id: string): CheckpointChange => ({
  type: 'task',
  ...runOf(of, run),
  info: { name: 'n', task_id: { value: id }, agent_id: { value: 'a' } },
});

const uuid = (number: number) => new Uint8Array(16).fill(number);

const operation = (number: number): Operation => ({
  info: { type: 1 },
  latest_status: { state: 1 },
  uuid: { value: uuid(number) },
});

const statusUpdate = (of: string, id: string, number: number): StatusUpdate => ({
  framework_id: { value: of },
  status: { task_id: { value: id }, state: TaskState.TASK_RUNNING },
  timestamp: number,
  uuid: uuid(number),
});

const update = (of: string, run: string, id: string, number: number): CheckpointChange => ({
  type: 'update',
  ...runOf(of, run),
  update: statusUpdate(of, id, number),
});

describe('what is read back', () => {
  test('is what was written, in its order', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h', id: { value: 'a' } } },
      { type: 'resources', resources: [{ name: 'cpus', type: 0, scalar: { value: 1.5 } }] },
      { type: 'drain', drain: { config: { mark_gone: true }, startedMs: 12345 } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      update('f', 'r1', 't1', 2),
      { type: 'acknowledgement', ...runOf('f', 'r1'), taskId: taskId('t1'), uuid: uuid(1) },
      executor('f', 'r2'),
      task('f', 'r2', 't2'),
    ]);
    const checkpoint = await read();
    expect(checkpoint.agent).toEqual({ hostname: 'h', id: { value: 'a' } });
    expect(checkpoint.resources).toEqual([{ name: 'cpus', type: 0, scalar: { value: 1.5 } }]);
    expect(checkpoint.drain).toEqual({ config: { mark_gone: true }, startedMs: 12345 });
    const [found] = checkpoint.frameworks;
    expect(found?.info.name).toBe('name of f');
    expect(found?.executors.map((run) => run.containerId)).toEqual(['r1', 'r2']);
    expect(found?.executors[0]).toMatchObject({ builtin: 'command', alive: false });
    const [first] = found?.executors[0]?.tasks ?? [];
    expect(first?.updates.map((known) => known.timestamp)).toEqual([1, 2]);
    expect(first?.acknowledged).toEqual([uuid(1)]);
  });

  test('is read executor by executor, as there is time for it', async () => {
    const runs = ['r1', 'r2', 'r3'];
    await write([framework('f'), ...runs.map((run) => executor('f', run))]);
    const { store, rows } = await CheckpointStore.open(database());
    await store.close();
    const turns: (() => void)[] = [];
    const found = checkpointOf(
      rows,
      () => ({ alive: true }),
      (readNow) => new Promise((resolve) => turns.push(() => resolve(readNow()))),
    );
    for (const _ of runs) {
      // No more than the one that waits for its turn.
      await eventually(() => turns.length === 1);
      turns.pop()?.();
    }
    const [{ executors = [] } = {}] = (await found).frameworks;
    expect(executors.map((run) => run.containerId)).toEqual(runs);
  });

  test('has an acknowledged update in its short form, and none that was superseded', async () => {
    const of = { ...runOf('f', 'r1'), taskId: taskId('t1') };
    const slim = { ...statusUpdate('f', 't1', 1), timestamp: 99 };
    await write([
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      update('f', 'r1', 't1', 2),
      update('f', 'r1', 't1', 3),
    ]);
    await write([
      { type: 'acknowledgement', ...of, uuid: uuid(1), slim },
      { type: 'updateDropped', ...of, uuid: uuid(2) },
    ]);
    const [found] = (await read()).frameworks[0]?.executors[0]?.tasks ?? [];
    expect(found?.updates.map(({ timestamp }) => timestamp)).toEqual([99, 3]);
    expect(found?.acknowledged).toEqual([uuid(1)]);
  });

  test('has nothing of what has completed', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h' } },
      { type: 'drain', drain: { config: {}, startedMs: 1 } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      task('f', 'r1', 't2'),
      update('f', 'r1', 't1', 1),
      update('f', 'r1', 't2', 2),
      executor('f', 'r2'),
      task('f', 'r2', 't3'),
      framework('g'),
      executor('g', 'r3'),
      task('g', 'r3', 't4'),
      update('g', 'r3', 't4', 3),
    ]);
    await write([
      { type: 'drain' },
      { type: 'taskCompleted', ...runOf('f', 'r1'), taskId: taskId('t1') },
      { type: 'executorCompleted', ...runOf('f', 'r2') },
      { type: 'frameworkCompleted', frameworkId: frameworkId('g') },
    ]);
    const checkpoint = await read();
    expect(checkpoint.agent).toEqual({ hostname: 'h' });
    expect(checkpoint.drain).toBeUndefined();
    expect(shape(checkpoint.frameworks)).toEqual({ f: { r1: ['t2'] } });
  });

  test('has nothing but resources once the agent is forgotten, whatever it wrote after', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h' } },
      { type: 'resources', resources: [{ name: 'cpus', type: 0, scalar: { value: 1 } }] },
      {
        type: 'operation',
        operation: operation(1),
      },
      { type: 'drain', drain: { config: {}, startedMs: 1 } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      { type: 'forgetAgent' },
      update('f', 'r1', 't1', 2),
    ]);
    const { store, rows } = await CheckpointStore.open(database());
    await store.close();
    expect(rows).toMatchObject({ frameworks: [], executors: [], tasks: [], updates: [] });
    expect(rows.values.map((row) => row.name)).toEqual(['forgetting', 'resources']);
  });

  test('has a row for each operation that is not acknowledged', async () => {
    await write(
      [1, 2, 3].map(
        (number): CheckpointChange => ({ type: 'operation', operation: operation(number) }),
      ),
    );
    await write([{ type: 'operationCompleted', uuid: uuid(2) }]);
    expect((await read()).operations).toEqual([operation(1), operation(3)]);
  });

  test('divides the one row of all operations that agents of before wrote', async () => {
    await write([]);
    const bytes = encodeMessage(types.Operation, operation(1));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    const all = Buffer.concat([length, bytes]);
    const file = new DatabaseSync(database());
    file
      .prepare('INSERT INTO single VALUES (?, ?, ?)')
      .run('operations', all, sumOf(['operations', all]));
    file.close();
    expect((await read()).operations).toEqual([operation(1)]);
    expect((await read()).operations).toEqual([operation(1)]);
    await write([{ type: 'operationCompleted', uuid: uuid(1) }]);
    expect((await read()).operations).toEqual([]);
  });

  test('is the same however transactions are cut', async () => {
    const steps: CheckpointChange[] = [
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      executor('f', 'r2'),
      task('f', 'r2', 't2'),
      { type: 'executorCompleted', ...runOf('f', 'r1') },
      update('f', 'r2', 't2', 2),
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), async (cuts) => {
        using own = temporaryFolder();
        const { store } = await CheckpointStore.open(join(own.path, 'agent.sqlite'));
        const answers: number[] = [];
        let transaction: CheckpointChange[] = [];
        for (const [index, step] of steps.entries()) {
          transaction.push(step);
          if (cuts[index] === true || index === steps.length - 1) {
            store.store(transaction, () => answers.push(index));
            transaction = [];
          }
        }
        await store.close();
        expect(answers).toEqual([...answers].sort((one, other) => one - other));
        const again = await CheckpointStore.open(join(own.path, 'agent.sqlite'));
        await again.store.close();
        const checkpoint = await readFrom(again.rows);
        expect(shape(checkpoint.frameworks)).toEqual({ f: { r2: ['t2'] } });
      }),
      { numRuns: 15 },
    );
  });
});

const shape = (frameworks: readonly CheckpointedFramework[]) =>
  Object.fromEntries(
    frameworks.map((known) => [
      known.info.id?.value,
      Object.fromEntries(
        known.executors.map((run) => [
          run.containerId,
          run.tasks.map(({ info }) => info.task_id.value),
        ]),
      ),
    ]),
  );

describe('a writer that is killed', () => {
  const script = fileURLToPath(new URL('./writer.ts', import.meta.url));

  test.each([1, 7, 40, 150])('has stored all it was told of, %i at least', async (enough) => {
    const child = spawn(process.execPath, [script, database()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = Promise.withResolvers<void>();
    child.once('exit', () => exited.resolve());
    let told = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      told = Number(line);
      if (told >= enough) {
        child.kill('SIGKILL');
      }
    }
    await exited.promise;
    const [found] = (await read()).frameworks;
    const numbers = found?.executors[0]?.tasks.map(({ info }) => Number(info.task_id.value)) ?? [];
    // A prefix without gaps, with at least all that was reported; each number with both of its
    // changes.
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThanOrEqual(told);
    for (const { updates } of found?.executors[0]?.tasks ?? []) {
      expect(updates).toHaveLength(1);
    }
  });
});

test('a file that another agent holds is left alone', async () => {
  const { store } = await CheckpointStore.open(database());
  expect(() => new CheckpointDatabase(database(), { patienceMs: 0 })).toThrow(
    /^Another agent is using '.*sqlite'/,
  );
  await store.close();
  new CheckpointDatabase(database(), { patienceMs: 0 }).close();
});

describe('a file that is damaged', () => {
  const content = [
    framework('f'),
    executor('f', 'r1'),
    ...Array.from({ length: 200 }, (_, index) => task('f', 'r1', `t${index}`)),
  ];
  const fill = () => write([{ type: 'agent', agent: { hostname: 'h' } }, ...content]);
  /** Changes a byte as damage would, without a write of ours. */
  const changeValue = () => {
    const file = new DatabaseSync(database());
    file.exec(
      "UPDATE tasks SET info = CAST(replace(info, 't117', 't116') AS BLOB) WHERE id = 't117'",
    );
    file.close();
  };
  const refused = async (what: RegExp) => {
    await expect(read()).rejects.toThrow(
      new RegExp(
        `^The agent's checkpoint cannot be trusted: '.*agent.sqlite' ${what.source}.*--no-strict`,
      ),
    );
  };

  test('with noise in it', async () => {
    await fill();
    const bytes = readFileSync(database());
    bytes.fill(0xa5, 100, 8192);
    writeFileSync(database(), bytes);
    await refused(/is damaged/);
  });

  test('cut short', async () => {
    await fill();
    truncateSync(database(), 5000);
    await refused(/is damaged/);
  });

  test('that is none', async () => {
    writeFileSync(database(), 'something else'.repeat(1000));
    await refused(/is damaged: file is not a database/);
  });

  test('in a place where there can be none', async () => {
    mkdirSync(database());
    await expect(read()).rejects.toThrow(/Failed to open the agent's checkpoint/);
  });

  test.each([
    ['removed', () => rmSync(database()), /is missing, and an agent has written to it before/],
    ['emptied', () => truncateSync(database(), 0), /is damaged: it is empty/],
  ])('by being %s', async (_, damage, what) => {
    await fill();
    damage();
    await refused(what);
  });

  test('in one bit of a value', async () => {
    await fill();
    changeValue();
    await refused(/is damaged: in table tasks, the row with container 'r1'/);
  });

  test('in the bit that says that an update is acknowledged', async () => {
    await write([framework('f'), executor('f', 'r1'), task('f', 'r1', 't1')]);
    await write([update('f', 'r1', 't1', 1)]);
    const file = new DatabaseSync(database());
    file.exec('UPDATE updates SET acknowledged = 1');
    file.close();
    await refused(/is damaged: in table updates, the row with number '1'/);
  });

  test.each(['acknowledged INTEGER', 'number INTEGER', 'builtin TEXT', 'updates_of_tasks'])(
    'in one bit of what it says of its tables: %s',
    async (words) => {
      await fill();
      const bytes = readFileSync(database());
      const at = bytes.indexOf(words);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(database(), bytes);
      await refused(/is damaged: /);
      const { store, damages } = await CheckpointStore.open(database(), { isStrict: false });
      await store.close();
      expect(damages.join()).toMatch(/is damaged.* It is moved aside/);
    },
  );

  test('in one bit of its version, is not read as one of an earlier version', async () => {
    await fill();
    const file = new DatabaseSync(database());
    const { user_version: version } = file.prepare('PRAGMA user_version').get() ?? {};
    file.close();
    const whole = readFileSync(database());
    for (let bit = 0; bit < 8; bit++) {
      // The last of the four bytes of the version in SQLite's header.
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(Number(version) ^ (1 << bit), 63);
      writeFileSync(database(), bytes);
      expect(() => new CheckpointDatabase(database())).toThrow(
        /agent.sqlite.*(later version \(\d+\) of this program, or is damaged|does not tell its version)/,
      );
    }
  });

  test('in any bit is refused by name, or does no harm', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h' } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      { type: 'acknowledgement', ...runOf('f', 'r1'), taskId: taskId('t1'), uuid: uuid(1) },
    ]);
    const contentOf = () => {
      const opened = new CheckpointDatabase(database());
      try {
        return opened.read();
      } finally {
        opened.close();
      }
    };
    const good = contentOf();
    const whole = readFileSync(database());
    // Damage to a byte that was never written cannot lose anything.
    const places = [...whole.keys()].filter((at) => whole[at] !== 0);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.nat(7), (at, bit) => {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
        writeFileSync(database(), bytes);
        try {
          expect(contentOf()).toEqual(good);
        } catch (error) {
          expect(String(error)).toMatch(/agent.sqlite.*(--no-strict|later version)/);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('in one bit of its log, which SQLite passes over', async () => {
    // Written and not folded, as a kill leaves it.
    const other = await CheckpointStore.open(database());
    for (const change of content.slice(0, 20)) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      other.store.store([change], resolve);
      await promise;
    }
    for (const end of ['', '-wal', '.commits']) {
      copyFileSync(`${database()}${end}`, join(folder.path, `copy${end}`));
    }
    await other.store.close();
    for (const end of ['-wal', '', '.commits']) {
      copyFileSync(join(folder.path, `copy${end}`), `${database()}${end}`);
    }
    const log = `${database()}-wal`;
    const bytes = readFileSync(log);
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
    writeFileSync(log, bytes);
    await refused(
      /lacks the last \d+ of its 20 transactions: it, or '.*-wal' beside it, is damaged/,
    );
  });

  test('in the count of its transactions is refused as it is: some may be missing', async () => {
    await fill();
    writeFileSync(`${database()}.commits`, 'x'.padEnd(63));
    await expect(read()).rejects.toThrow(
      /cannot be trusted: .*agent.sqlite.commits, which tells how many transactions .* has, is damaged.*remove .*commits.*--no-strict/,
    );
    const lenient = await CheckpointStore.open(database(), { isStrict: false });
    await lenient.store.close();
    expect(lenient.damages).toEqual([expect.stringContaining('.commits, which tells')]);
    expect(lenient.rows.tasks).toHaveLength(200);
    expect(readFileSync(`${database()}.commits`, 'utf8').trim()).toBe('1 1');
  });

  test('without the count of its transactions is taken as it is, and the doubt is told', async () => {
    await fill();
    rmSync(`${database()}.commits`);
    for (const doubt of [/commits was not there.*made anew from the 1 that are there/, undefined]) {
      const opened = await CheckpointStore.open(database());
      await opened.store.close();
      expect(opened.damages).toEqual([]);
      expect(opened.doubt ?? 'none').toMatch(doubt ?? /^none$/);
    }
  });

  test('is moved aside where that is allowed, and what is whole of a whole one is taken', async () => {
    await fill();
    changeValue();
    const lenient = { isStrict: false };
    const partly = await CheckpointStore.open(database(), lenient);
    await partly.store.close();
    expect(partly.damages).toHaveLength(1);
    expect(partly.rows.tasks).toHaveLength(199);

    truncateSync(database(), 5000);
    const nothing = await CheckpointStore.open(database(), lenient);
    await nothing.store.close();
    expect(nothing.damages).toMatchObject([
      expect.stringMatching(/is damaged.* It is moved aside/),
    ]);
    expect(nothing.rows.tasks).toEqual([]);
    expect(readdirSync(folder.path).filter((name) => name.includes('.damaged-'))).toHaveLength(2);
  });
});

test('nothing is taken for stored once the file has been deleted', async () => {
  const { store } = await CheckpointStore.open(database());
  const stored = (id: string) => {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    store.store([framework(id)], resolve);
    return promise;
  };
  expect(await stored('f')).toBeUndefined();
  rmSync(database());
  expect((await stored('g'))?.message).toMatch(/agent.sqlite has been deleted by somebody else/);
  await store.close();
});

test('its files are closed to other users', async () => {
  const { store } = await CheckpointStore.open(database());
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  store.store([framework('f')], resolve);
  await promise;
  const files = readdirSync(folder.path).filter((name) => name.startsWith('agent.sqlite'));
  expect(files).toEqual(['agent.sqlite', 'agent.sqlite-wal', 'agent.sqlite.commits']);
  expect(files.map((name) => statSync(join(folder.path, name)).mode & 0o777)).toEqual([
    0o600, 0o600, 0o600,
  ]);
  await store.close();
});

describe('a file of the second version', () => {
  const make = () => {
    const old = new DatabaseSync(database());
    const none = new Uint8Array();
    old.exec(`
      CREATE TABLE single (name TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum INTEGER) WITHOUT ROWID;
      CREATE TABLE frameworks (id TEXT PRIMARY KEY, info BLOB NOT NULL, sum INTEGER);
      CREATE TABLE executors (
        container TEXT PRIMARY KEY, framework TEXT NOT NULL, builtin TEXT, info BLOB NOT NULL,
        sum INTEGER
      );
      CREATE TABLE tasks (
        container TEXT NOT NULL, id TEXT NOT NULL, info BLOB NOT NULL, sum INTEGER,
        PRIMARY KEY (container, id)
      );
      CREATE TABLE updates (
        number INTEGER PRIMARY KEY, container TEXT NOT NULL, task TEXT NOT NULL, uuid BLOB,
        bytes BLOB NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0, sum INTEGER
      );
      CREATE INDEX updates_of_tasks ON updates (container, task);
      CREATE TABLE commits (count INTEGER NOT NULL);
      INSERT INTO commits VALUES (7);
      INSERT INTO executors VALUES ('r1', 'f', 'command', x'', ${sumOf(['r1', 'f', 'command', none])});
      INSERT INTO tasks VALUES ('r1', 't1', x'', ${sumOf(['r1', 't1', none])});
      INSERT INTO updates VALUES
        (3, 'r1', 't1', x'01', x'', 1, ${sumOf(['r1', 't1', new Uint8Array([1]), none])});
      PRAGMA user_version = 2;
    `);
    old.close();
    writeFileSync(`${database()}.commits`, '7 7\n');
  };

  test('is read as it was, and knows its transactions', async () => {
    make();
    for (let start = 0; start < 2; start++) {
      const { store, rows, damages } = await CheckpointStore.open(database());
      await store.close();
      expect(damages).toEqual([]);
      expect(rows.tasks).toMatchObject([{ container: 'r1', id: 't1' }]);
      expect(rows.updates).toMatchObject([{ number: 3, acknowledged: 1 }]);
    }
    expect(readFileSync(`${database()}.commits`, 'utf8').trim()).toBe('7 7');
  });

  test('that is damaged is refused, and otherwise read without what is not whole', async () => {
    make();
    const file = new DatabaseSync(database());
    file.exec("UPDATE tasks SET info = x'01'");
    file.close();
    expect(() => new CheckpointDatabase(database())).toThrow(/in table tasks, .*--no-strict/);
    const { store, rows, damages } = await CheckpointStore.open(database(), { isStrict: false });
    await store.close();
    expect(damages).toHaveLength(1);
    expect(rows).toMatchObject({ tasks: [], updates: [{ number: 3 }] });
  });
});

test('a file of the first version is read, and then has sums', async () => {
  const old = new DatabaseSync(database());
  old.exec(`
    CREATE TABLE single (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE frameworks (id TEXT PRIMARY KEY, info BLOB NOT NULL);
    CREATE TABLE executors (
      container TEXT PRIMARY KEY, framework TEXT NOT NULL, builtin TEXT, info BLOB NOT NULL
    );
    CREATE TABLE tasks (
      container TEXT NOT NULL, id TEXT NOT NULL, info BLOB NOT NULL, PRIMARY KEY (container, id)
    );
    CREATE TABLE updates (
      number INTEGER PRIMARY KEY, container TEXT NOT NULL, task TEXT NOT NULL, uuid BLOB,
      bytes BLOB NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0
    );
    INSERT INTO single VALUES ('boot', x'61');
    INSERT INTO executors VALUES ('r1', 'f', 'command', x'');
    INSERT INTO tasks VALUES ('r1', 't1', x'');
    INSERT INTO updates (container, task, uuid, bytes) VALUES ('r1', 't1', x'01', x'');
    PRAGMA user_version = 1;
  `);
  old.close();
  for (let start = 0; start < 2; start++) {
    const { store, rows } = await CheckpointStore.open(database());
    await store.close();
    expect(rows.tasks).toMatchObject([{ container: 'r1', id: 't1' }]);
    expect(rows.updates).toHaveLength(1);
  }
});

test('the log is folded into the database when nothing is written for a while', async () => {
  const { store } = await CheckpointStore.open(database());
  const { promise, resolve } = Promise.withResolvers<unknown>();
  store.store([framework('f')], resolve);
  await promise;
  expect(statSync(`${database()}-wal`).size).toBeGreaterThan(0);
  await eventually(() => statSync(`${database()}-wal`).size === 0);
  await store.close();
});
