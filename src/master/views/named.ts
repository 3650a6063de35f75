// What of a list a word may mean, which somebody has typed: so that one task need not be looked for
// in the list of all of them.
import type { MasterCall_GetTasks } from '../../model/generated/messages.ts';

/** A list that is filled with what is meant. */
export interface Named {
  /** Whether the word may mean what is called so. */
  means(id: string, name: string): boolean;
  isFull(list: readonly unknown[]): boolean;
}

/** Without a word all are meant. */
export function namedBy({
  word = '',
  limit,
}: Pick<MasterCall_GetTasks, 'word' | 'limit'> = {}): Named {
  const last = `-${word}`;
  return {
    means: (id, name) =>
      word === '' || id.startsWith(word) || id.endsWith(last) || name.startsWith(word),
    isFull: ({ length }) => limit !== undefined && length >= limit,
  };
}
