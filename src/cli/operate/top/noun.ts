// `mesoscale top`: who takes most, live.
import { type Noun, verb } from '../verb.ts';
import { TOP_FLAGS } from './flags.ts';

const top = verb({
  summary: 'show who takes most, live',
  explanation:
    'Keys: c, m, d, g, a (or left and right) sort by CPUs, memory, disk, GPUs or age, r the other ' +
    'way round; t, n and o show tasks, agents (nodes) and roles; up and down scroll; q ends. What is allocated ' +
    'is the master’s word. What tasks use is asked of the agents of the rows that are shown, of ' +
    '32 at most each time, and where all agents with tasks are as few as that, tasks are sorted ' +
    'by it. Agents that are shown are asked for the load of their machines and the memory that ' +
    'is free there, 32 at a time, in turns. In a pipe one table is printed.',
  parameters: [
    { name: 'WHAT', help: 'tasks, agents or roles; tasks otherwise.', isOptional: true },
  ],
  flags: TOP_FLAGS,
  examples: [
    { line: 'top', says: 'the tasks that take most CPUs' },
    { line: 'top agents -s mem', says: 'the agents with most memory taken' },
    { line: 'top roles -n 5 | cat', says: 'a table for a script' },
  ],
  run: async (asked) => (await import('./top.ts')).showTop(asked),
});

export const NOUN: Noun = {
  name: 'top',
  summary: 'show who takes most, live',
  verbs: [top],
};
