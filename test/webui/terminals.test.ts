// What the page says of terminals, and which container they are opened in.
import { expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerOf, exitWords } from '../../src/webui/words/terminals.ts';

test('the end of a command is told by its exit code or signal', () => {
  expect(exitWords(0)).toBe('The command has ended with exit code 0.');
  expect(exitWords(127 << 8)).toBe('The command has ended with exit code 127.');
  expect(exitWords(9)).toBe('The command was ended by signal 9 (SIGKILL).');
  // With a core dump, and by a signal that has no name.
  expect(exitWords(0x80 | 11)).toBe('The command was ended by signal 11 (SIGSEGV).');
  expect(exitWords(60)).toBe('The command was ended by signal 60.');
  expect(exitWords(null)).toContain('not known');
});

test('a task is in the container that was last told, with those above it', () => {
  const inside = (container_id: object) => ({ container_status: { container_id } });
  expect(containerOf({})).toBeUndefined();
  expect(
    containerOf({ statuses: [{ state: TaskState.TASK_STAGING }, { container_status: {} }] }),
  ).toBeUndefined();
  const nested = { value: 'c', parent: { value: 'b', parent: { value: 'a' } } };
  const statuses = [inside({ value: 'old' }), inside(nested), { state: TaskState.TASK_RUNNING }];
  expect(containerOf({ statuses })).toBe('a.b.c');
});
