// Questions of operators that wait for their turn, because one answer costs the master's loop or a
// thread some time. Askers take turns, each with its oldest question: who asks much waits behind
// who asks little, and has no place for more than his part.
import { partyOf } from '../../security/party.ts';
import type { OperatorCalled } from '../events.ts';

export interface Questions {
  readonly waiting: OperatorCalled[];
  /** The last turn of each asker that waits, or has been answered last. */
  readonly turns: Map<string, number>;
  next: number;
}

/** How many may wait; and how many of them may be of one asker. */
export interface Places {
  readonly all: number;
  readonly ofOne: number;
}

export const noQuestions = (): Questions => ({ waiting: [], turns: new Map(), next: 1 });

const askerOf = ({ principal, origin = '' }: OperatorCalled): string => partyOf(principal, origin);

const questionsOf = (waiting: readonly OperatorCalled[], asker: string) =>
  waiting.filter((event) => askerOf(event) === asker);

/** Lets a question wait; answers which one has no place: none, this one, or that of another. */
export function letWait(
  { waiting }: Questions,
  event: OperatorCalled,
  places: Places,
): OperatorCalled | undefined {
  const late = waiting.length < places.all ? undefined : lastOfMost(waiting);
  const own = questionsOf(waiting, askerOf(event)).length;
  const others = late === undefined ? 0 : questionsOf(waiting, askerOf(late)).length;
  if (own >= places.ofOne || (late !== undefined && own + 1 >= others)) {
    return event;
  }
  if (late !== undefined) {
    waiting.splice(waiting.indexOf(late), 1);
  }
  waiting.push(event);
  return late;
}

/** The newest question of who has most of them. */
function lastOfMost(waiting: readonly OperatorCalled[]): OperatorCalled | undefined {
  const [longest] = waiting
    .map((event) => questionsOf(waiting, askerOf(event)))
    .sort((a, b) => b.length - a.length);
  return longest?.at(-1);
}

/** The oldest question of who had no turn for the longest time. */
export function takeNext({ waiting, turns }: Questions): OperatorCalled | undefined {
  const lastTurn = (event: OperatorCalled) => turns.get(askerOf(event)) ?? 0;
  const [first] = waiting.toSorted((a, b) => lastTurn(a) - lastTurn(b));
  if (first !== undefined) {
    waiting.splice(waiting.indexOf(first), 1);
  }
  return first;
}

/** The turn of a question begins; answers its number. */
export function countTurn(questions: Questions, event: OperatorCalled): number {
  const { turns, waiting } = questions;
  const number = questions.next++;
  const asker = askerOf(event);
  turns.set(asker, number);
  for (const known of turns.keys()) {
    if (known !== asker && questionsOf(waiting, known).length === 0) {
      turns.delete(known);
    }
  }
  return number;
}
