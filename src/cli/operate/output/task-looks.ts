// How news of tasks look: the kinds of the page, in a terminal's colours.
import { type Kind, stateWords } from '../../../webui/words/task-states.ts';
import type { Look } from './screen.ts';

const LOOKS: Readonly<Record<Kind, Look | undefined>> = {
  bad: 'bad',
  begin: undefined,
  done: undefined,
  good: 'good',
  lost: 'bad',
  warn: 'warn',
};

/** Undefined where it is no news. */
export const lookOf = (state: number): Look | undefined => LOOKS[stateWords(state).kind];
