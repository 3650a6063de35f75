// What the master has refused to whoever uses the page, in its words, so that it is not offered
// again. It is known by having been tried only: rules of access are no part of the API.
import { signal } from '@preact/signals';
import { session } from './session.ts';

/** Beyond that the oldest is forgotten, and is offered again. */
const MAX_REFUSALS = 200;

const refusals = signal<ReadonlyMap<string, string>>(new Map());

/** Another principal may be allowed it. */
const keyOf = (what: string) => JSON.stringify([session.value?.principal, what]);

/** `what` stands for the action, with its object where the answer may be another for another. */
export function rememberRefusal(what: string, words: string): void {
  const entries = [...refusals.value, [keyOf(what), words] as const];
  refusals.value = new Map(entries.slice(-MAX_REFUSALS));
}

export const refusalOf = (what: string): string | undefined => refusals.value.get(keyOf(what));
