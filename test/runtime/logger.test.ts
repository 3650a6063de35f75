import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { formatLine, ProcessLogger } from '../../src/runtime/logger.ts';
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
  it('has lines as Mesos writes them', () => {
    const date = new Date(Date.UTC(2026, 10, 22, 9, 5, 7, 8));
    expect(formatLine(date, 'warn', 'master', 'lost an agent')).toBe(
      `W1122 09:05:07.008000 ${process.pid} master] lost an agent\n`,
    );
  });

  it('keeps a message on one line', () => {
    const line = formatLine(new Date(0), 'info', 'master', 'a\nE0101 forged]\rb');
    expect(line.split('\n')).toHaveLength(2);
    expect(line).not.toContain('\r');
  });

  it('writes what the level asks for, and debug lines while it is verbose', () => {
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

  it('goes on after a full disk, and tells how much is missing (needs root)', () => {
    const path = directory();
    using disk = new SmallDisk(path);
    const logger = new ProcessLogger({ name: 'agent', quiet: true, directory: path });
    disk.fill();
    // More than waits to be written together: these are written at once, or would be.
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

  it('have the names of glog, one for each severity that has come', () => {
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

  it('begin with the level that is asked for', () => {
    const { folder, logger, read } = open('ERROR');
    logger.warn('left out');
    logger.error('kept');
    logger.close();
    expect(read('mesos-master.ERROR')).toEqual(['kept']);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('are opened again when rotation has moved them, and no line is lost', () => {
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
