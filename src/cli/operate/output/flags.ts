// The flags of verbs that show something: how it looks, and of lists, what of it.
import { choice, duration, text, texts, toggle } from '../../flags/flag.ts';

/** Of a verb that shows one thing. */
export const SHOW_FLAGS = {
  output: choice(['table', 'wide', 'json', 'yaml', 'name'])({
    short: 'o',
    default: 'table',
    placeholder: 'FORMAT',
    help: 'table, wide (more columns), json, yaml, or name: ids alone, a line each.',
  }),
};

/** Of a verb that shows it again and again. */
export const WATCH_FLAGS = {
  interval: duration({
    default: 2_000,
    help: 'With --watch: how often to look.',
  }),
  watch: toggle({
    short: 'w',
    default: false,
    help: 'Go on, and show what has changed, until Ctrl-C.',
  }),
};

/** Of a verb that lists. */
export const LIST_FLAGS = {
  ...SHOW_FLAGS,
  ...WATCH_FLAGS,
  filter: texts({
    short: 'f',
    placeholder: 'COLUMN=VALUE',
    help: 'Only rows where the column is like the value: =, != (with * for anything), > and < for numbers, spans of time (age>8m) and sizes (mem>50MB; a number of mem and disk is in MB, mem=32). May be given several times: all must hold.',
  }),
  headers: toggle({ default: true, help: 'The line of titles.' }),
  sort_by: text({
    placeholder: 'COLUMN',
    help: 'The column to sort by; -COLUMN: the largest first.',
  }),
};
