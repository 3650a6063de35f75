// Performs the effects of a state machine by a table of performers; the compiler checks that none
// is missing.

interface Performer<Effect> {
  readonly perform: (effect: Effect) => void;
}

type Typed = { readonly type: string };

export type Performers<Effect extends Typed> = {
  readonly [Type in Effect['type']]: Performer<Extract<Effect, { readonly type: Type }>>;
};

/** Calls the performer of an effect. */
export function performEffect<Effect extends Typed>(
  performers: Performers<Effect>,
  effect: Effect,
): void {
  // The entry of a type takes effects of that type, which the compiler cannot deduce.
  const performer = performers[effect.type as Effect['type']] as Performer<unknown>;
  performer.perform(effect);
}
