// `mesoscale task`: what tasks there are, what they print, and how to get into them.
import { type Noun, verb } from '../verb.ts';
import { TASK_LIST_FLAGS } from './flags.ts';

const list = verb({
  name: 'list',
  summary: 'list tasks',
  explanation:
    'Tasks that run, or are on their way. With --all also those that have ended, as far as the ' +
    'master remembers them.',
  flags: TASK_LIST_FLAGS,
  examples: [
    { line: 'task list', says: 'what runs' },
    { line: 'task list --all --filter state=TASK_FAILED', says: 'what has failed' },
    { line: 'task list --sort-by=-mem -o wide', says: 'the largest first, with more columns' },
    { line: 'task list -o name | wc -l', says: 'how many' },
  ],
  run: async ({ values }) => (await import('./list.ts')).listTasks(values),
});

export const NOUN: Noun = {
  name: 'task',
  summary: 'look into tasks: list them, see what they print, get into them, end them',
  verbs: [list],
};
