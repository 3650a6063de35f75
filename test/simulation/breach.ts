// A condition that must hold and does not: the first breach ends the simulation.

export class BreachError extends Error {}

export function fail(what: string): never {
  throw new BreachError(what);
}
