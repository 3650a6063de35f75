// An authorizer whose lists can be exchanged while it is in use.
import type { Action, AuthorizationObject, Authorizer } from './authorizer.ts';
import type { Principal } from './principal.ts';

export class ExchangedAuthorizer implements Authorizer {
  #current: Authorizer;

  constructor(first: Authorizer) {
    this.#current = first;
  }

  /** From now on this one decides. */
  exchange(next: Authorizer): void {
    this.#current = next;
  }

  authorize(principal: Principal | undefined, action: Action, object?: AuthorizationObject) {
    return this.#current.authorize(principal, action, object);
  }

  explain(principal: Principal | undefined, action: Action, object?: AuthorizationObject) {
    return this.#current.explain?.(principal, action, object) ?? '';
  }
}
