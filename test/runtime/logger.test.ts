import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatLine, jsonLine, ProcessLogger } from '../../src/runtime/logger.ts';
import { SmallDisk } from '../support/small-disk.ts';

const directories: string[] = [];

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'mesoscale-log-'));
  directories.push(path);
  return path;
}

afterEach(() => {
  for (const path of directories.splice(0)) {
    rmSync(path, { recursive: true });
  }
});

describe('the log', () => {
  test('has lines as Mesos writes them', () => {
    const date = new Date(Date.UTC(2026, 10, 22, 9, 5, 7, 8));
    expect(formatLine(date, 'warn', 'master', 'lost an agent')).toBe(
      `W1122 09:05:07.008000 ${process.pid} master] lost an agent\n`,
    );
  });

  test('keeps a message on one line', () => {
    const line = formatLine(new Date(0), 'info', 'master', 'a\nE0101 forged]\rb');
    expect(line.split('\n')).toHaveLength(2);
    expect(line).not.toContain('\r');
  });

  test('has no line that would push all others out of its files', () => {
    const name = '\u0000'.repeat(1_000_000);
    const about = { task: name, framework: 'f' };
    for (const line of [
      formatLine(new Date(0), 'info', 'master', name),
      jsonLine(new Date(0), 'info', 'master', name, about),
    ]) {
      expect(line.length).toBeLessThan(400_000);
      expect(line).toContain('… (cut)');
    }
  });

  test('does not pass on what would command a terminal', () => {
    const line = formatLine(new Date(0), 'info', 'agent', "no '\u001b[2J\u009b2J\u0007\t\u007fä'");
    expect(line).toContain("no '\\x1b[2J\\x9b2J\\x07\t\\x7fä'\n");
  });

  test('is one object of JSON a line where that is asked for', () => {
    const date = new Date(Date.UTC(2026, 10, 22, 9, 5, 7, 8));
    const text = 'a\n{"level":"ERROR"}\u001b\u009b2J\u007fä';
    const line = jsonLine(date, 'warn', 'master', text);
    expect(line).toMatch(/^\{[^\n]*\}\n$/);
    expect(line).toContain('\\u001b\\u009b2J\\u007fä');
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-22T09:05:07.008Z',
      level: 'WARNING',
      program: 'master',
      pid: process.pid,
      text,
    });
    const logger = new ProcessLogger({
      name: 'agent',
      quiet: true,
      format: 'json',
      directory: directory(),
    });
    logger.verbosity = 1;
    logger.debug('one');
    logger.error('two');
    logger.close();
    const lines = readFileSync(logger.file ?? '', 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((each) => JSON.parse(each))).toMatchObject([
      { level: 'DEBUG', text: 'one' },
      { level: 'ERROR', text: 'two' },
    ]);
  });

  test('writes what the level asks for, and debug lines while it is verbose', () => {
    const logger = new ProcessLogger({
      name: 'agent',
      level: 'WARNING',
      quiet: true,
      directory: directory(),
    });
    logger.info('left out');
    logger.warn('kept');
    logger.debug('left out, too');
    logger.verbosity = 1;
    logger.debug('shown');
    logger.close();
    const text = readFileSync(logger.file ?? '', 'utf8');
    expect(text.match(/agent\] .*/g)).toEqual(['agent] kept', 'agent] shown']);
    expect(statSync(logger.file ?? '').mode & 0o777).toBe(0o600);
  });

  test('goes on after a full disk, and tells how much is missing (needs root)', () => {
    const path = directory();
    using disk = new SmallDisk(path);
    const logger = new ProcessLogger({ name: 'agent', quiet: true, directory: path });
    disk.fill();
    // Longer than what is gathered: these lines would be written at once.
    logger.info('lost'.padEnd(5000));
    logger.info('lost, too'.padEnd(5000));
    disk.empty();
    logger.info('kept');
    logger.close();
    const text = readFileSync(logger.file ?? '', 'utf8');
    expect(text.match(/agent\] .*/g)).toEqual([
      expect.stringMatching(/Lines of this log that are lost: 2 \(Error: ENOSPC/),
      'agent] kept',
    ]);
  });
});

describe('log files', () => {
  const open = (level?: string) => {
    const folder = directory();
    const logger = new ProcessLogger({ name: 'master', quiet: true, directory: folder, level });
    const read = (name: string) =>
      readFileSync(join(folder, name), 'utf8').match(/(?<=master\] ).*/g) ?? [];
    return { folder, logger, read };
  };

  test('have the names of glog, one for each severity that has come', () => {
    const { folder, logger, read } = open();
    logger.info('one');
    logger.warn('two');
    expect(readdirSync(folder).filter((name) => name.endsWith('.ERROR'))).toEqual([]);
    logger.error('three');
    logger.close();
    expect(read('mesos-master.INFO')).toEqual(['one', 'two', 'three']);
    expect(read('mesos-master.WARNING')).toEqual(['two', 'three']);
    expect(read('mesos-master.ERROR')).toEqual(['three']);
    const target = readlinkSync(join(folder, 'mesos-master.WARNING'));
    expect(target).toMatch(/^mesos-master\..+\..+\.log\.WARNING\.\d{8}-\d{6}\.\d+$/);
    expect(logger.file).toBe(join(folder, readlinkSync(join(folder, 'mesos-master.INFO'))));
  });

  test('begin with the level that is asked for', () => {
    const { folder, logger, read } = open('ERROR');
    logger.warn('left out');
    logger.error('kept');
    logger.close();
    expect(read('mesos-master.ERROR')).toEqual(['kept']);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('begin anew when they are full, and the oldest goes', () => {
    const folder = directory();
    const logger = new ProcessLogger({
      name: 'master',
      quiet: true,
      directory: folder,
      maxFileBytes: 10_000,
      keptFiles: 2,
    });
    // Longer than what is gathered: each is written at once, and three fill a file.
    for (let line = 1; line <= 11; line++) {
      logger.info(`line ${line} ${'.'.repeat(4_100)}`);
    }
    logger.warn('the last');
    logger.close();
    const file = readlinkSync(join(folder, 'mesos-master.INFO'));
    const linesOf = (name: string) =>
      readFileSync(join(folder, name), 'utf8').match(/line \d+|the last/g) ?? [];
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith(file))
        .toSorted(),
    ).toEqual([file, `${file}.1`, `${file}.2`]);
    expect(linesOf(file)).toEqual(['line 10', 'line 11', 'the last']);
    expect(linesOf(`${file}.1`)).toEqual(['line 7', 'line 8', 'line 9']);
    expect(linesOf(`${file}.2`)).toEqual(['line 4', 'line 5', 'line 6']);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(logger.file).toBe(join(folder, file));
  });

  test('of earlier starts are bounded together, and nothing else is touched', () => {
    const folder = directory();
    const options = { name: 'master', quiet: true, directory: folder };
    const first = new ProcessLogger(options);
    first.close();
    const own = basename(first.file ?? '');
    const who = own.slice(0, own.indexOf('.INFO.'));
    const make = (name: string, bytes = 4_000) => {
      writeFileSync(join(folder, name), 'x'.repeat(bytes));
      return name;
    };
    const lives = make(`${who}.INFO.20200101-000000.${process.ppid}`);
    const gone = [
      make(`${who}.INFO.20210101-000000.${process.pid}`, 1),
      make(`${who}.INFO.20220101-000000.4194305.2`),
      make(`${who}.INFO.20220101-000000.4194305.1`),
    ];
    const kept = [
      make(`${who}.INFO.20220101-000000.4194305`),
      make(`${who}.INFO.20230101-000000.4194305.10`),
      // What is large of one severity costs another nothing.
      make(`${who}.WARNING.20200101-000000.4194305`),
      make(`mesos-agent${who.slice('mesos-master'.length)}.INFO.20200101-000000.4194305`),
      make(`${who}.INFO.20200101-000000.4194305.gz`),
      make(`${who}.INFO.20200101-000000.4194305-20200102`),
      make('audit.log'),
    ];
    const elsewhere = join(directory(), 'file');
    writeFileSync(elsewhere, 'x'.repeat(9_000));
    const link = `${who}.INFO.20200101-000000.4194306`;
    symlinkSync(elsewhere, join(folder, link));
    mkdirSync(join(folder, `${who}.INFO.20200101-000000.4194307`, 'x'), { recursive: true });
    const logger = new ProcessLogger({ ...options, maxFileBytes: 4_100, keptFiles: 2 });
    logger.close();
    const left = readdirSync(folder);
    expect(left.filter((name) => gone.includes(name))).toEqual([]);
    expect(left).toEqual(expect.arrayContaining([...kept, lives, link]));
    expect(left).toContain(`${who}.INFO.20200101-000000.4194307`);
    expect(statSync(elsewhere).size).toBe(9_000);
    expect(statSync(logger.file ?? '').isFile()).toBe(true);
  });

  test('of starts without end are a thousand', () => {
    const folder = directory();
    const options = { name: 'agent', quiet: true, directory: folder };
    const first = new ProcessLogger(options);
    first.close();
    const file = basename(first.file ?? '');
    const prefix = file.slice(0, file.indexOf('.INFO.') + '.INFO.'.length);
    for (let second = 0; second < 1_100; second++) {
      const name = `${prefix}20200101-${String(second).padStart(6, '0')}.4194305`;
      writeFileSync(join(folder, name), '');
    }
    new ProcessLogger({ ...options, maxFileBytes: 4_000, keptFiles: 4 }).close();
    const left = readdirSync(folder).filter((name) => name.includes('.20200101-'));
    expect(left).not.toContain(`${prefix}20200101-000099.4194305`);
    expect(left).toContain(`${prefix}20200101-001099.4194305`);
    expect(left.length).toBeLessThanOrEqual(1_000);
  });

  test('that are full and cannot be moved go on, which is told once', () => {
    const folder = directory();
    const options = { name: 'master', quiet: true, directory: folder, keptFiles: 1 };
    const logger = new ProcessLogger({ ...options, maxFileBytes: 4_000 });
    const told: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
    try {
      mkdirSync(join(`${logger.file}.1`, 'in the way'), { recursive: true });
      for (let line = 1; line <= 3; line++) {
        logger.info(`line ${line} ${'.'.repeat(4_100)}`);
      }
      logger.close();
    } finally {
      process.stderr.write = write;
    }
    expect(readFileSync(logger.file ?? '', 'utf8').match(/line \d/g)).toHaveLength(3);
    expect(told.join('').match(/is full, and cannot be moved away/g)).toHaveLength(1);
  });

  test('are opened again when rotation has moved them, and no line is lost', () => {
    const { folder, logger, read } = open();
    logger.warn('before');
    const moved = ['INFO', 'WARNING'].map((severity) => {
      const name = readlinkSync(join(folder, `mesos-master.${severity}`));
      renameSync(join(folder, name), join(folder, `${name}.1`));
      return name;
    });
    logger.warn('still before');
    logger.reopen();
    logger.warn('after');
    logger.close();
    for (const name of moved) {
      expect(read(`${name}.1`)).toEqual(['before', 'still before']);
      expect(read(name)).toEqual(['after']);
    }
    expect(read('mesos-master.WARNING')).toEqual(['after']);
  });
});

describe('a log file that cannot be made', () => {
  /**
   * Runs a program that logs, with actions between the lines; returns what it wrote to standard
   * error.
   */
  const logging = (folder: string, program: string) => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import fs from 'node:fs';
        import { ProcessLogger } from ${JSON.stringify(import.meta.resolve('../../src/runtime/logger.ts'))};
        const folder = ${JSON.stringify(folder)};
        const logger = new ProcessLogger({ name: 'master', quiet: true, directory: folder });
        const name = (severity) => logger.file.replace('INFO', severity);
        ${program}
        logger.close();`,
      ],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    return stderr.match(/(?<=master\] ).*/g) ?? [];
  };
  const read = (folder: string, severity: string) => {
    const name = readdirSync(folder).find((found) => found.includes(`.log.${severity}.`)) ?? '';
    return readFileSync(join(folder, name), 'utf8').match(/(?<=master\] ).*/g);
  };

  test('is told of once on standard error, and tried again with the next lines', () => {
    const folder = directory();
    const told = logging(
      folder,
      `fs.mkdirSync(name('WARNING'));
      logger.warn('one'.padEnd(5000));
      logger.warn('two'.padEnd(5000));
      fs.rmdirSync(name('WARNING'));
      logger.warn('three');`,
    );
    expect(told).toEqual([
      expect.stringMatching(
        /^The log '.*WARNING.*' cannot be written, and is tried again: .*EISDIR/,
      ),
    ]);
    expect(read(folder, 'INFO')).toHaveLength(3);
    expect(read(folder, 'WARNING')).toEqual([
      expect.stringMatching(/Lines of this log that are lost: 2/),
      'three',
    ]);
  });

  test('because its folder was removed does not end the process', () => {
    const folder = directory();
    const told = logging(
      folder,
      `fs.rmSync(folder, { recursive: true });
      logger.warn('one');
      logger.error('two');
      logger.reopen();
      fs.mkdirSync(folder);
      logger.error('three');`,
    );
    expect(
      told.filter((line) => line.includes('WARNING') && line.includes('written')),
    ).toHaveLength(1);
    expect(read(folder, 'ERROR')).toEqual([expect.stringMatching(/lost: 1/), 'three']);
  });

  test('for want of descriptors comes when there are some', () => {
    const folder = directory();
    const told = logging(
      folder,
      `const files = [];
      process.setMaxListeners(0);
      try {
        for (;;) files.push(fs.openSync('/dev/null'));
      } catch {}
      logger.error('one'.padEnd(5000));
      for (const file of files) fs.closeSync(file);
      logger.error('two');`,
    );
    expect(told.join()).toMatch(/ERROR.*EMFILE/);
    expect(read(folder, 'ERROR')).toEqual([expect.stringMatching(/lost: 1/), 'two']);
  });

  test('for want of inodes does not keep others from being written (needs root)', () => {
    const folder = directory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=4', 'tmpfs', folder]);
    try {
      // The log, its link and the folder itself are three.
      const told = logging(folder, `fs.writeFileSync(folder + '/x', ''); logger.warn('one');`);
      expect(told.join()).toMatch(/WARNING.*ENOSPC/);
      expect(read(folder, 'INFO')).toEqual(['one']);
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  });

  test('at the start leaves the rest to start, as does a folder in the place of its link', () => {
    const folder = directory();
    mkdirSync(join(folder, 'mesos-master.INFO/x'), { recursive: true });
    writeFileSync(join(folder, 'mesos-master.WARNING'), 'a file is no hindrance');
    const told = logging(folder, `logger.warn('one');`);
    expect(told).toEqual([
      expect.stringMatching(/^The link '.*mesos-master.INFO' to the log cannot be made/),
    ]);
    expect(read(folder, 'INFO')).toEqual(['one']);
    expect(readdirSync(folder)).toHaveLength(4);
    expect(readlinkSync(join(folder, 'mesos-master.WARNING'))).toMatch(/WARNING/);
  });
});

test('a pipe whose reader has ended does not end the process that logs into it', () => {
  const program = `import { ProcessLogger } from ${JSON.stringify(import.meta.resolve('../../src/runtime/logger.ts'))};
    const logger = new ProcessLogger({ name: 'master' });
    setTimeout(() => logger.info('one'), 0);
    setTimeout(() => logger.info('two'), 20);
    setTimeout(() => console.log('alive'), 40);`;
  const command = `{ sleep 0.3; "$0" --input-type=module -e "$1"; } 2> >(exec true)`;
  const result = spawnSync('bash', ['-c', command, process.execPath, program], {
    encoding: 'utf8',
  });
  expect(result).toMatchObject({ status: 0, stdout: 'alive\n' });
});
