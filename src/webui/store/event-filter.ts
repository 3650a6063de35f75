// Events of the stream by what they are of, what has happened, and words.
import type { ClusterEvent } from './event-tail.ts';
import { haveWords, wordsOf } from './wanted-words.ts';

export interface EventQuery {
  readonly subject?: string | undefined;
  readonly change?: string | undefined;
  /** The id of a framework: itself, and its tasks. */
  readonly framework?: string | undefined;
  /** Words that must all be in names, ids, or what has happened. */
  readonly q?: string | undefined;
}

/** `changeText`: what has happened, as people read it. */
export function eventPasses(
  { subject, change, framework, q = '' }: EventQuery,
  changeText: (event: ClusterEvent) => string,
): (event: ClusterEvent) => boolean {
  const words = wordsOf(q);
  return (event) => {
    const owner = event.subject === 'framework' ? event.id : event.frameworkId;
    const texts = [event.name, event.id, event.frameworkId, changeText(event)];
    return (
      (subject === undefined || event.subject === subject) &&
      (change === undefined || event.change === change) &&
      (framework === undefined || owner === framework) &&
      haveWords(texts, words)
    );
  };
}
