// `mesoscale master VERB`: the log of the master. Without a verb `mesoscale master` runs one.
import { MASTER_CAT_FLAGS, MASTER_GET_FLAGS, MASTER_TAIL_FLAGS } from '../agent/file-flags.ts';
import { type Noun, verb } from '../verb.ts';

const FILE = {
  name: 'PATH',
  help: 'Its virtual path; without, /master/log.',
  isOptional: true,
} as const;

const filesCat = verb({
  name: 'files cat',
  summary: 'print the log of the master that leads',
  explanation: 'It has a log to show where it writes one (--log_dir, --external_log_file).',
  parameters: [FILE],
  flags: MASTER_CAT_FLAGS,
  examples: [{ line: 'master files cat', says: '/master/log' }],
  run: async (asked) => (await import('./files.ts')).cat(asked),
});

const filesTail = verb({
  name: 'files tail',
  summary: 'print the end of the log of the master that leads',
  parameters: [FILE],
  flags: MASTER_TAIL_FLAGS,
  examples: [{ line: 'master files tail -f -n 100', says: 'and what is written from now on' }],
  run: async (asked) => (await import('./files.ts')).tail(asked),
});

const filesGet = verb({
  name: 'files get',
  summary: 'fetch the log of the master that leads',
  parameters: [FILE],
  flags: MASTER_GET_FLAGS,
  examples: [{ line: 'master files get --to=master.log', says: 'into a file here' }],
  run: async (asked) => (await import('./files.ts')).get(asked),
});

export const NOUN: Noun = {
  name: 'master',
  summary: 'look at the log of the master',
  verbs: [filesCat, filesTail, filesGet],
  groups: { files: 'look at the files that the master shows' },
};
