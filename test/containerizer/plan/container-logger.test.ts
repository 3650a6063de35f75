// The parameters of the container logger, and what a container's variables make of them.
import { describe, expect, test } from 'vitest';
import {
  containerLogger,
  rotatedOutput,
} from '../../../src/containerizer/plan/container-logger.ts';

const MB = 1024 * 1024;
const of = (parameters: Record<string, string>) =>
  containerLogger(new Map(Object.entries(parameters)));

describe('parameters', () => {
  test('have Mesos’s defaults', () => {
    expect(of({})).toEqual({
      environmentPrefix: 'CONTAINER_LOGGER_',
      stdout: { maxBytes: 10 * MB, kept: 0 },
      stderr: { maxBytes: 10 * MB, kept: 0 },
    });
  });

  test('say when files are rotated and how many are kept', () => {
    expect(
      of({
        launcher_dir: '/usr/libexec/mesos',
        logrotate_path: '/usr/sbin/logrotate',
        max_stdout_size: '1MB',
        logrotate_stdout_options: '# some\n  rotate 9\nmissingok\n\nsize 5MB',
        max_stderr_size: '4096B',
      }),
    ).toMatchObject({
      stdout: { maxBytes: MB, kept: 9 },
      stderr: { maxBytes: 4096, kept: 0 },
    });
  });

  test.each([
    ['max_stdout_size', '4095B', /max_stdout_size is '4095B', expected a size of at least 4096B/],
    ['max_stderr_size', 'large', /max_stderr_size is 'large'/],
    [
      'logrotate_stdout_options',
      'postrotate\nrm -rf /\nendscript',
      /'postrotate' .* not supported/,
    ],
    ['logrotate_stdout_options', 'compress', /'compress' .* not supported/],
    ['logrotate_stderr_options', 'rotate 101', /keeps more than 100 files/],
    ['max_size', '1MB', /has no parameter 'max_size'/],
  ])('%s of %j is refused', (name, value, why) => {
    expect(() => of({ [name]: value })).toThrow(why);
  });
});

describe('variables', () => {
  const logger = of({ max_stdout_size: '1MB', environment_variable_prefix: 'LOG_' });

  test('of the prefix say otherwise for one container', () => {
    const environment = {
      LOG_MAX_STDOUT_SIZE: '2MB',
      LOG_LOGROTATE_STDERR_OPTIONS: 'rotate 2',
      CONTAINER_LOGGER_MAX_STDERR_SIZE: '3MB',
    };
    expect(rotatedOutput(logger, environment)).toEqual({
      stdout: { maxBytes: 2 * MB, kept: 0 },
      stderr: { maxBytes: 10 * MB, kept: 2 },
    });
  });

  test('that are wrong are a refusal', () => {
    expect(() => rotatedOutput(logger, { LOG_MAX_STDOUT_SIZE: '0B' })).toThrow(/max_stdout_size/);
  });
});
