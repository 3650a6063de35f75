// `mesoscale metrics`: what a master or an agent counts and measures.
import { type Noun, verb } from '../verb.ts';
import { METRICS_FLAGS } from './flags.ts';

const metrics = verb({
  summary: 'show figures of the master, or of an agent',
  explanation: 'As of /metrics/snapshot, by name. Without a name all there are.',
  parameters: [
    {
      name: 'NAME',
      help: 'The name of a figure; * stands for anything.',
      isOptional: true,
      isMany: true,
    },
  ],
  flags: METRICS_FLAGS,
  examples: [
    { line: 'metrics "master/tasks_*"', says: 'tasks by state, and how many have ended so' },
    { line: 'metrics "allocator/*ms*" --watch', says: 'how long allocation takes, as it changes' },
    { line: 'metrics "slave/*" --agent=host17 --filter "value>0"', says: 'of an agent' },
  ],
  run: async (asked) => (await import('./metrics.ts')).showMetrics(asked),
});

export const NOUN: Noun = {
  name: 'metrics',
  summary: 'show figures of the master, or of an agent',
  verbs: [metrics],
};
