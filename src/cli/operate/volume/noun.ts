// `mesoscale volume`: disk of agents that keeps what is in it when tasks end.
import { AGENT } from '../parameters.ts';
import { type Noun, verb } from '../verb.ts';
import {
  VOLUME_CREATE_FLAGS,
  VOLUME_DANGER_FLAGS,
  VOLUME_GROW_FLAGS,
  VOLUME_LIST_FLAGS,
} from './flags.ts';

const VOLUME = { name: 'VOLUME', help: 'Its ID.' } as const;
const SIZE = { name: 'SIZE', help: 'By how much, such as 128MB.' } as const;

const list = verb({
  name: 'list',
  summary: 'list persistent volumes',
  flags: VOLUME_LIST_FLAGS,
  examples: [{ line: 'volume list -f role=eng --sort-by=-size', says: 'the largest of eng' }],
  run: async ({ values }) => (await import('./list.ts')).listVolumes(values),
});

const create = verb({
  name: 'create',
  summary: 'make a volume of disk that is reserved for a role',
  parameters: [
    AGENT,
    { name: 'ID', help: 'What the volume is called; once for a role on an agent.' },
  ],
  flags: VOLUME_CREATE_FLAGS,
  examples: [
    { line: 'volume create host17 db-1 --role=eng --size=512MB --path=data', says: 'of its disk' },
  ],
  run: async (asked) => (await import('./change.ts')).createVolume(asked),
});

const destroy = verb({
  name: 'destroy',
  summary: 'end a volume, with all that is in it',
  explanation: 'One that a task uses is not destroyed. Its disk stays reserved.',
  parameters: [VOLUME],
  flags: VOLUME_DANGER_FLAGS,
  examples: [{ line: 'volume destroy db-1 --agent=host17', says: 'after a question' }],
  run: async (asked) => (await import('./change.ts')).destroyVolume(asked),
});

const grow = verb({
  name: 'grow',
  summary: 'add disk to a volume, of what is reserved as it is',
  parameters: [VOLUME, SIZE],
  flags: VOLUME_GROW_FLAGS,
  examples: [{ line: 'volume grow db-1 128MB', says: 'it has 128 MB more' }],
  run: async (asked) => (await import('./change.ts')).growVolume(asked),
});

const shrink = verb({
  name: 'shrink',
  summary: 'take disk from a volume; it stays reserved',
  parameters: [VOLUME, SIZE],
  flags: VOLUME_DANGER_FLAGS,
  examples: [{ line: 'volume shrink db-1 128MB', says: 'it has 128 MB less' }],
  run: async (asked) => (await import('./change.ts')).shrinkVolume(asked),
});

export const NOUN: Noun = {
  name: 'volume',
  summary: 'make, resize and end persistent volumes',
  verbs: [list, create, grow, shrink, destroy],
};
