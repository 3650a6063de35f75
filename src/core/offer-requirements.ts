// What frameworks require of their offers: minimum amounts, and constraints on agents. The module
// knows no attributes: constraints are evaluated here, for each framework role and agent, when
// either changes, and the module is told which agents they exclude.
import type { OfferConstraints } from '../model/generated/messages.ts';
import { type AgentTest, compileConstraints, failedConstraints } from './constraints.ts';
import type { AgentEntry, FrameworkEntry } from './entries.ts';
import type { ExchangeBuffer } from './exchange-buffer.ts';
import type { AgentFacts, FailedConstraint, FrameworkTerms } from './interface.ts';
import { accepted, CoreError, type CoreExports } from './module.ts';
import { ownValue } from './own-value.ts';
import { checkMinimum, numberedMinimum, writeMinimum } from './quantities.ts';
import { Regexes, type RegexLimits } from './regexes.ts';
import type { Roles } from './roles.ts';

/** By role, the test whether an agent may be offered. */
export type Constraints = ReadonlyMap<string, AgentTest>;

export class OfferRequirements {
  readonly #buffer: ExchangeBuffer;
  readonly #roles: Roles;
  readonly #regexes: Regexes;
  /** Frameworks with constraints on at least one role. */
  readonly #constrained = new Set<FrameworkEntry>();

  constructor(buffer: ExchangeBuffer, roles: Roles, limits: RegexLimits) {
    this.#buffer = buffer;
    this.#roles = roles;
    this.#regexes = new Regexes(limits);
  }

  get #exports(): CoreExports {
    return this.#buffer.module.exports;
  }

  applyMinimums(entry: FrameworkEntry): void {
    for (const role of entry.terms.roles) {
      const own = ownValue(entry.terms.minAllocatable, role);
      const number = this.#roles.number(role);
      if (own === undefined) {
        accepted(this.#exports.clearLeafMinimum(entry.number, number));
      } else {
        writeMinimum(this.#buffer.module, this.#buffer.kinds, own);
        accepted(this.#exports.setLeafMinimum(entry.number, number));
      }
    }
  }

  constraintsError(constraints: OfferConstraints | undefined): string | undefined {
    const compiled = compileConstraints(constraints, this.#regexes);
    return compiled.ok ? undefined : compiled.why;
  }

  /** Compiles the constraints in a framework's terms; throws where the terms are not valid. */
  compile(terms: FrameworkTerms): Constraints {
    for (const minimum of Object.values(terms.minAllocatable)) {
      checkMinimum(minimum);
    }
    const compiled = compileConstraints(terms.constraints, this.#regexes);
    if (!compiled.ok) {
      throw new CoreError('BAD_ARGUMENT', compiled.why);
    }
    // Names get their numbers now: there may be none left.
    for (const role of terms.roles) {
      numberedMinimum(this.#buffer.kinds, ownValue(terms.minAllocatable, role) ?? []);
    }
    return compiled.byRole;
  }

  setConstraints(
    entry: FrameworkEntry,
    constraints: Constraints,
    agents: Iterable<AgentEntry>,
  ): void {
    const roles = new Set(entry.terms.roles);
    for (const role of entry.constraints.keys()) {
      if (!roles.has(role)) {
        continue;
      }
      accepted(this.#exports.clearExclusions(entry.number, this.#roles.number(role)));
    }
    entry.constraints = constraints;
    this.remember(entry);
    const all = constraints.size === 0 ? [] : [...agents];
    for (const [role, test] of constraints) {
      if (!roles.has(role)) {
        continue;
      }
      const number = this.#roles.number(role);
      for (const agent of all) {
        if (test(agent.facts)) {
          continue;
        }
        accepted(this.#exports.exclude(entry.number, number, agent.number, 1));
      }
    }
  }

  /** Evaluates the constraints of every framework for an agent whose facts have changed. */
  applyConstraints(agent: AgentEntry): void {
    for (const entry of this.#constrained) {
      const roles = new Set(entry.terms.roles);
      for (const [role, test] of entry.constraints) {
        if (!roles.has(role)) {
          continue;
        }
        const excluded = test(agent.facts) ? 0 : 1;
        const number = this.#roles.number(role);
        accepted(this.#exports.exclude(entry.number, number, agent.number, excluded));
      }
    }
  }

  /** Which constraints of a framework's role the agents do not fit. */
  failed(
    { terms }: FrameworkEntry,
    role: string,
    facts: readonly AgentFacts[],
  ): FailedConstraint[] {
    return failedConstraints(terms.constraints, role, { facts, regexes: this.#regexes });
  }

  remember(entry: FrameworkEntry): void {
    if (entry.constraints.size > 0) {
      this.#constrained.add(entry);
    } else {
      this.#constrained.delete(entry);
    }
  }

  forget(entry: FrameworkEntry): void {
    this.#constrained.delete(entry);
  }
}
