// A word with the colour of the kind of news that it is.
import type { Condition } from '../words/conditions.ts';
import type { Kind } from '../words/task-states.ts';
import { stateWords } from '../words/task-states.ts';

export function Badge({ kind, text, title }: { kind: Kind; text: string; title?: string }) {
  return (
    <span class="badge" data-kind={kind} title={title}>
      {text}
    </span>
  );
}

/** Of an agent or framework. */
export function ConditionBadge({ condition }: { condition: Condition }) {
  const { kind, text, means } = condition;
  return <Badge kind={kind} text={text} title={means} />;
}

export function StateBadge({ state }: { state: number }) {
  const { kind, text, means } = stateWords(state);
  return <Badge kind={kind} text={text} title={means} />;
}
