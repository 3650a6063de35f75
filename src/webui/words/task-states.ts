// The states of tasks in words, and what kind of news each is.
import { TaskState } from '../../model/generated/messages.ts';

/** Colours go by it. */
export type Kind = 'begin' | 'good' | 'warn' | 'bad' | 'lost' | 'done';

interface StateWords {
  readonly text: string;
  readonly kind: Kind;
  /** What it means, as a sentence about a task. */
  readonly means: string;
}

/** Of a number that the page does not know. */
const UNHEARD_OF: StateWords = {
  text: 'Unknown',
  kind: 'lost',
  means: 'The master has never heard of it.',
};

const WORDS: Readonly<Record<TaskState, StateWords>> = {
  [TaskState.TASK_STAGING]: {
    ...{ text: 'Staging', kind: 'begin' },
    means: 'Its agent prepares it: files are fetched and a container is made.',
  },
  [TaskState.TASK_STARTING]: {
    ...{ text: 'Starting', kind: 'begin' },
    means: 'Its executor is about to start it.',
  },
  [TaskState.TASK_RUNNING]: { text: 'Running', kind: 'good', means: 'It runs.' },
  [TaskState.TASK_KILLING]: {
    ...{ text: 'Being killed', kind: 'warn' },
    means: 'Its executor was told to kill it.',
  },
  [TaskState.TASK_FINISHED]: { text: 'Finished', kind: 'done', means: 'It ended by itself, well.' },
  [TaskState.TASK_FAILED]: { text: 'Failed', kind: 'bad', means: 'It ended with a failure.' },
  [TaskState.TASK_KILLED]: { text: 'Killed', kind: 'done', means: 'It was killed on request.' },
  [TaskState.TASK_ERROR]: {
    ...{ text: 'Refused', kind: 'bad' },
    means: 'Its description is wrong, so it was never started.',
  },
  [TaskState.TASK_LOST]: {
    ...{ text: 'Lost', kind: 'lost' },
    means: 'It was not started, or its agent is gone.',
  },
  [TaskState.TASK_DROPPED]: {
    ...{ text: 'Not started', kind: 'bad' },
    means: 'It could not be started where it was meant to.',
  },
  [TaskState.TASK_UNREACHABLE]: {
    ...{ text: 'Unreachable', kind: 'warn' },
    means: 'Its agent does not answer. It may run on, and come back.',
  },
  [TaskState.TASK_GONE]: { text: 'Gone', kind: 'lost', means: 'It does not run any more.' },
  [TaskState.TASK_GONE_BY_OPERATOR]: {
    ...{ text: 'Marked gone', kind: 'lost' },
    means: 'An operator has said that its agent is gone for good.',
  },
  [TaskState.TASK_UNKNOWN]: UNHEARD_OF,
};

export const stateWords = (state: number): StateWords => WORDS[state as TaskState] ?? UNHEARD_OF;
