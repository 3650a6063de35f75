// Who carries out which effects of a state machine: a table, of which the compiler knows that none
// is missing.

interface Performer<Effect> {
  readonly perform: (effect: Effect) => void;
}

type Typed = { readonly type: string };

export type Performers<Effect extends Typed> = {
  readonly [Type in Effect['type']]: Performer<Extract<Effect, { readonly type: Type }>>;
};

/** Hands an effect to its performer. */
export function performEffect<Effect extends Typed>(
  performers: Performers<Effect>,
  effect: Effect,
): void {
  // The entry of a type takes the effects of that type: the compiler cannot follow that.
  const performer = performers[effect.type as Effect['type']] as Performer<unknown>;
  performer.perform(effect);
}
