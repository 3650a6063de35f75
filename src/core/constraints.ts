// Offer constraints: which agents a framework's role wants offers of. They are evaluated here, for
// each framework role and agent, when either changes; the module only keeps a bit for each.
import {
  type Attribute,
  type AttributeConstraint,
  type AttributeConstraint_Predicate,
  type AttributeConstraint_Selector,
  type OfferConstraints,
  AttributeConstraint_Selector_PseudoattributeType as Pseudoattribute,
  Value_Type as ValueType,
} from '../model/generated/messages.ts';
import type { AgentFacts, FailedConstraint } from './interface.ts';
import { type Compiled, compileCost, type Regexes } from './regexes.ts';

/** The most constraints of a framework on all its roles: each is evaluated for each agent. */
const MAX_CONSTRAINTS = 1_000;
/** The most bytes of all texts in a framework's constraints. */
const MAX_TEXT = 256 * 1024;
/** The largest cost of compiling all regular expressions of a framework; a character costs 10. */
const MAX_REGEX_COST = 500_000;

/** Whether the agent may be offered. */
export type AgentTest = (facts: AgentFacts) => boolean;

export type CompiledConstraints =
  | { readonly ok: true; readonly byRole: ReadonlyMap<string, AgentTest> }
  | { readonly ok: false; readonly why: string };

const refused = (why: string) => ({ ok: false, why }) as const;
const done = <T>(value: T): Compiled<T> => ({ ok: true, value });

/**
 * What a predicate says of an agent without the attribute, of a text, and of an attribute that is
 * no text.
 */
interface Predicate {
  readonly missing: boolean;
  readonly text: (text: string) => boolean;
  readonly other: boolean;
}

export function compileConstraints(
  constraints: OfferConstraints | undefined,
  regexes: Regexes,
): CompiledConstraints {
  const tooMany = amountError(constraints);
  if (tooMany !== undefined) {
    return refused(tooMany);
  }
  const byRole = new Map<string, AgentTest>();
  for (const [role, { groups }] of Object.entries(constraints?.role_constraints ?? {})) {
    if (groups === undefined || groups.length === 0) {
      return refused(
        `'OfferConstraints::role_constraints' has an empty 'RoleConstraints::groups' for role ${role}`,
      );
    }
    const alternatives: AgentTest[] = [];
    for (const group of groups) {
      const all = group.attribute_constraints ?? [];
      if (all.length === 0) {
        return refused(
          `'OfferConstraints::RoleConstraints::groups' for role ${role}` +
            'contains an empty RoleConstraints::Group',
        );
      }
      const tests: AgentTest[] = [];
      for (const constraint of all) {
        const test = compileConstraint(constraint, regexes);
        if (!test.ok) {
          return refused(`A role ${role} has an invalid 'AttributeConstraint': ${test.why}`);
        }
        tests.push(test.value);
      }
      alternatives.push((facts) => tests.every((test) => test(facts)));
    }
    byRole.set(role, (facts) => alternatives.some((test) => test(facts)));
  }
  return { ok: true, byRole };
}

/** Why the constraints are too large; checked before any regular expression is compiled. */
function amountError(constraints: OfferConstraints | undefined): string | undefined {
  let count = 0;
  let text = 0;
  let cost = 0;
  for (const { groups } of Object.values(constraints?.role_constraints ?? {})) {
    for (const { attribute_constraints } of groups ?? []) {
      for (const { selector, predicate } of attribute_constraints ?? []) {
        const value = predicate.text_equals?.value ?? predicate.text_not_equals?.value ?? '';
        const regex = predicate.text_matches?.regex ?? predicate.text_not_matches?.regex ?? '';
        count += 1;
        text += (selector.attribute_name ?? '').length + value.length + regex.length;
        if (count > MAX_CONSTRAINTS) {
          return `A framework may have at most ${MAX_CONSTRAINTS} attribute constraints in all`;
        }
        if (text > MAX_TEXT) {
          return `Attribute constraints may have at most ${MAX_TEXT} characters of text in all`;
        }
        cost += compileCost(regex);
        if (cost > MAX_REGEX_COST) {
          return `Regexes are too complex together: a cost of ${cost} is larger than maximum of ${MAX_REGEX_COST} allowed`;
        }
      }
    }
  }
  return undefined;
}

function compileConstraint(constraint: AttributeConstraint, regexes: Regexes): Compiled<AgentTest> {
  const select = compileSelector(constraint.selector);
  if (!select.ok) {
    return select;
  }
  const predicate = compilePredicate(constraint.predicate, regexes);
  if (!predicate.ok) {
    return predicate;
  }
  const { missing, text, other } = predicate.value;
  return done((facts) => {
    const found = select.value(facts);
    if (found === undefined) {
      return missing;
    }
    if (typeof found === 'string') {
      return text(found);
    }
    return found.type === ValueType.TEXT ? text(found.text?.value ?? '') : other;
  });
}

type Selector = (facts: AgentFacts) => string | Attribute | undefined;

function compileSelector(selector: AttributeConstraint_Selector): Compiled<Selector> {
  const name = selector.attribute_name;
  // Of several attributes with one name the first counts.
  if (name !== undefined) {
    return done((facts) => facts.attributes.find((attribute) => attribute.name === name));
  }
  switch (selector.pseudoattribute_type) {
    case Pseudoattribute.HOSTNAME:
      return done((facts) => facts.hostname);
    case Pseudoattribute.REGION:
      return done((facts) => facts.region);
    case Pseudoattribute.ZONE:
      return done((facts) => facts.zone);
    case Pseudoattribute.UNKNOWN:
      return refused('Unknown pseudoattribute type');
    default:
      return refused(
        "Exactly one of 'AttributeConstraint::Selector::name' or" +
          " 'AttributeConstraint::Selector::pseudoattribute_type' must be set",
      );
  }
}

function compilePredicate(
  predicate: AttributeConstraint_Predicate,
  regexes: Regexes,
): Compiled<Predicate> {
  if (predicate.exists !== undefined) {
    return done({ missing: false, text: () => true, other: true });
  }
  if (predicate.not_exists !== undefined) {
    return done({ missing: true, text: () => false, other: false });
  }
  if (predicate.text_equals !== undefined) {
    const { value } = predicate.text_equals;
    return done({ missing: false, text: (text) => text === value, other: true });
  }
  if (predicate.text_not_equals !== undefined) {
    const { value } = predicate.text_not_equals;
    return done({ missing: true, text: (text) => text !== value, other: true });
  }
  if (predicate.text_matches !== undefined) {
    const matcher = regexes.compile(predicate.text_matches.regex);
    if (!matcher.ok) {
      return matcher;
    }
    return done({ missing: false, text: matcher.value, other: true });
  }
  if (predicate.text_not_matches !== undefined) {
    const matcher = regexes.compile(predicate.text_not_matches.regex);
    if (!matcher.ok) {
      return matcher;
    }
    const matches = matcher.value;
    return done({ missing: true, text: (text) => !matches(text), other: true });
  }
  return refused('Unknown predicate type');
}

/**
 * Which of a role's constraints the agents do not fit, and how many of them. Of an agent that fits
 * no group, it counts what it fails in all of them.
 */
export function failedConstraints(
  constraints: OfferConstraints | undefined,
  role: string,
  agents: { readonly facts: readonly AgentFacts[]; readonly regexes: Regexes },
): FailedConstraint[] {
  const groups = constraints?.role_constraints?.[role]?.groups ?? [];
  const failed: FailedConstraint[] = [];
  for (const constraint of groups.flatMap((group) => group.attribute_constraints ?? [])) {
    const test = compileConstraint(constraint, agents.regexes);
    const count = test.ok ? agents.facts.filter((facts) => !test.value(facts)).length : 0;
    if (count > 0) {
      failed.push({ constraint, agents: count });
    }
  }
  return failed.sort((a, b) => b.agents - a.agents);
}
