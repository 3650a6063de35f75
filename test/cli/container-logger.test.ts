// What --modules and --container_logger make of the output of containers.
import { expect, test } from 'vitest';
import { loggerOf } from '../../src/cli/agent/container-logger.ts';

const NAME = 'org_apache_mesos_LogrotateContainerLogger';

const modules = (name: string, parameters: unknown = []) => ({
  libraries: [
    { file: '/usr/lib/liblogrotate_container_logger.so', modules: [{ name, parameters }] },
  ],
});

test('without a logger the files grow, whatever modules there are', () => {
  expect(loggerOf({ container_logger: undefined, modules: modules(NAME) })).toBeUndefined();
});

test('the logger has the parameters of its module', () => {
  const parameters = [{ key: 'max_stdout_size', value: '1MB' }];
  expect(loggerOf({ container_logger: NAME, modules: modules(NAME, parameters) })?.stdout).toEqual({
    maxBytes: 1024 * 1024,
    kept: 0,
  });
  expect(loggerOf({ container_logger: NAME, modules: undefined })?.stdout.maxBytes).toBe(10485760);
});

test.each([
  [modules('com_example_Logger'), /'com_example_Logger' cannot be loaded/],
  [modules(NAME, [{ key: 'max_stdout_size' }]), /an object with a text 'value'/],
  [modules(NAME, 'x'), /a list 'parameters'/],
  [['x'], /--modules/],
  [{ libraries: ['x'] }, /a list 'modules'/],
  [modules(NAME, [{ key: 'max_stdout_size', value: '1' }]), /--modules: .*max_stdout_size is '1'/],
])('modules %j are refused', (given, why) => {
  expect(() => loggerOf({ container_logger: NAME, modules: given })).toThrow(why);
});
