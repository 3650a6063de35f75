// `mesoscale context`: the masters that this user has given names.

import { type Noun, verb } from '../verb.ts';
import { CONTEXT_LIST_FLAGS } from './flags.ts';

const CONTEXT = { name: 'CONTEXT', help: 'Its name.', completes: 'context' } as const;

const list = verb({
  name: 'list',
  summary: 'list contexts',
  explanation:
    'Contexts are tables of ~/.config/mesoscale/config.toml, [contexts.NAME], with flags about ' +
    'the connection under their names: master, principal, secret, ssl_ca_file and so on.',
  flags: CONTEXT_LIST_FLAGS,
  examples: [{ line: 'context list', says: 'which there are, and which one holds' }],
  run: async ({ values }) => (await import('./contexts.ts')).listContexts(values),
});

const show = verb({
  name: 'show',
  summary: 'print the name of the context that holds',
  flags: {},
  examples: [{ line: 'context show', says: 'for a prompt' }],
  run: async () => (await import('./contexts.ts')).showContext(),
});

const use = verb({
  name: 'use',
  summary: 'choose the context that holds where a command line names none',
  parameters: [CONTEXT],
  flags: {},
  examples: [{ line: 'context use production', says: 'from now on' }],
  run: async ({ words }) => (await import('./contexts.ts')).useContext(words[0] ?? ''),
});

export const NOUN: Noun = {
  name: 'context',
  summary: 'choose the cluster that commands speak to',
  verbs: [list, show, use],
};
