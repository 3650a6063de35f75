// What a task runs, from what its agent tells of its executor.
import { expect, test } from 'vitest';
import { executorCommand, lastLines } from '../../src/webui/store/executor-command.ts';

const WHOSE = { frameworkId: 'F', executorId: 't' };
const idsOf = (framework: string, executor: string) => ({
  framework_id: { value: framework },
  executor_id: { value: executor },
});

test('a task without an executor of its own is told by the name of the one it got', () => {
  const executor_info = {
    ...idsOf('F', 't'),
    name: "Command Executor (Task: t) (Command: sh -c 'echo hello a...')",
    command: {
      ...{ shell: false, value: '/usr/libexec/mesos-executor', arguments: ['mesos-executor'] },
      ...{ user: 'web', uris: [{ value: 'http://a/b.tar' }] },
      environment: { variables: [{ name: 'PORT', value: '80' }, { name: 'KEY' }] },
    },
  };
  const other = { executor_info: { ...idsOf('G', 't'), name: '', command: { value: 'no' } } };
  expect(executorCommand({ executors: [other, { executor_info }] }, WHOSE)).toEqual({
    command: "sh -c 'echo hello a...'",
    isCut: true,
    user: 'web',
    environment: ['PORT=80', 'KEY, a secret'],
    uris: ['http://a/b.tar'],
  });
});

test('an executor of a framework, and one that has ended, are told by their commands', () => {
  const info = (command: object) => ({ executor_info: { ...idsOf('F', 't'), command } });
  const answer = (command: object) =>
    executorCommand({ completed_executors: [info(command)] }, WHOSE);
  expect(answer({ value: './run --all' })).toMatchObject({ command: './run --all', isCut: false });
  expect(answer({ shell: false, value: '/run', arguments: ['run', '-v'] })?.command).toBe('run -v');
  expect(executorCommand({}, WHOSE)).toBeUndefined();
});

test('the last lines are whole ones', () => {
  expect(lastLines('ut off\na\nb\n', 2)).toBe('a\nb');
  expect(lastLines('', 2)).toBe('');
});
