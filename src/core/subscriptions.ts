// A framework's terms - roles, suppressed roles, capabilities, and requirements on offers - and how
// they change. The module is told of roles in sorted order, so that their order in a message
// decides nothing.
import type { FrameworkEntry } from './entries.ts';
import { capabilityBits, rolesMeant, sortedRoles } from './flags.ts';
import type { FrameworkTerms } from './interface.ts';
import type { KnownAgents } from './known-agents.ts';
import { accepted, type CoreModule } from './module.ts';
import type { Constraints, OfferRequirements } from './offer-requirements.ts';
import type { Roles } from './roles.ts';

export class Subscriptions {
  readonly #module: CoreModule;
  readonly #roles: Roles;
  readonly #requirements: OfferRequirements;
  readonly #agents: KnownAgents;

  constructor(
    module: CoreModule,
    roles: Roles,
    requirements: OfferRequirements,
    agents: KnownAgents,
  ) {
    this.#module = module;
    this.#roles = roles;
    this.#requirements = requirements;
    this.#agents = agents;
  }

  /** Subscribes a new framework; `constraints` are those of its terms, compiled. */
  begin(entry: FrameworkEntry, terms: FrameworkTerms, constraints: Constraints): void {
    const { exports } = this.#module;
    entry.terms = terms;
    entry.suppressed = new Set(terms.suppressedRoles);
    for (const role of sortedRoles(terms.roles)) {
      const suppressed = entry.suppressed.has(role) ? 1 : 0;
      const number = this.#roles.number(role);
      accepted(exports.subscribe(entry.number, number, 1 - suppressed, suppressed), role);
    }
    this.#requirements.applyMinimums(entry);
    this.#requirements.setConstraints(entry, constraints, this.#agents.all());
  }

  /** Replaces the framework's terms. */
  change(entry: FrameworkEntry, terms: FrameworkTerms, constraints: Constraints): void {
    const { exports } = this.#module;
    const before = new Set(entry.terms.roles);
    const after = new Set(terms.roles);
    for (const role of sortedRoles(terms.roles)) {
      if (before.has(role)) {
        continue;
      }
      accepted(exports.subscribe(entry.number, this.#roles.number(role), 1, 0), role);
    }
    for (const role of sortedRoles(entry.terms.roles)) {
      if (after.has(role)) {
        continue;
      }
      accepted(exports.unsubscribe(entry.number, this.#roles.number(role)), role);
    }
    accepted(exports.changeCapabilities(entry.number, capabilityBits(terms.capabilities)));
    const suppressedBefore = entry.suppressed;
    const suppressed = new Set(terms.suppressedRoles.filter((role) => after.has(role)));
    entry.terms = terms;
    entry.suppressed = suppressed;
    this.#requirements.applyMinimums(entry);
    this.#requirements.setConstraints(entry, constraints, this.#agents.all());
    for (const role of suppressed) {
      if (suppressedBefore.has(role)) {
        continue;
      }
      accepted(exports.suppressRole(entry.number, this.#roles.number(role)), role);
    }
    accepted(exports.dropInverseFilters(entry.number));
    for (const role of suppressedBefore) {
      if (suppressed.has(role) || !after.has(role)) {
        continue;
      }
      accepted(exports.reviveRole(entry.number, this.#roles.number(role)), role);
    }
  }

  /**
   * Throws BAD_ARGUMENT where the framework is not subscribed to a role. No roles means all of
   * them.
   */
  suppress(entry: FrameworkEntry, roles: readonly string[]): void {
    for (const role of rolesMeant(entry.terms.roles, roles)) {
      accepted(this.#module.exports.suppressRole(entry.number, this.#roles.number(role)), role);
      entry.suppressed.add(role);
    }
  }

  /** Reverses `suppress`. Inverse offers that the framework has refused are made again, too. */
  revive(entry: FrameworkEntry, roles: readonly string[]): void {
    const { exports } = this.#module;
    const revived = rolesMeant(entry.terms.roles, roles);
    accepted(exports.dropInverseFilters(entry.number));
    for (const role of revived) {
      accepted(exports.reviveRole(entry.number, this.#roles.number(role)), role);
      entry.suppressed.delete(role);
    }
  }
}
