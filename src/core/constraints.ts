// Offer constraints: which agents a framework's role wants to be offered at all. They are evaluated here,
// once for each framework role and state of an agent; the module only keeps a bit. Regular expressions
// run on RE2's engine, whose time is linear in the text.
import { RE2JS } from 're2js';
import {
  type Attribute,
  type AttributeConstraint,
  type AttributeConstraint_Predicate,
  type AttributeConstraint_Selector,
  type OfferConstraints,
  AttributeConstraint_Selector_PseudoattributeType as Pseudoattribute,
  Value_Type as ValueType,
} from '../model/generated/messages.ts';
import type { AgentFacts } from './interface.ts';

export interface RegexLimits {
  readonly maxMemoryBytes: number;
  readonly maxProgramSize: number;
}

/** True when the agent may be offered. */
export type AgentTest = (facts: AgentFacts) => boolean;

export type CompiledConstraints =
  | { readonly ok: true; readonly byRole: ReadonlyMap<string, AgentTest> }
  | { readonly ok: false; readonly why: string };

type Compiled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

const refused = (why: string) => ({ ok: false, why }) as const;
const done = <T>(value: T): Compiled<T> => ({ ok: true, value });

/** What a predicate says of an agent without the attribute, of a text, and of an attribute of another type. */
interface Predicate {
  readonly missing: boolean;
  readonly text: (text: string) => boolean;
  readonly other: boolean;
}

export function compileConstraints(
  constraints: OfferConstraints | undefined,
  limits: RegexLimits,
): CompiledConstraints {
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
        const test = compileConstraint(constraint, limits);
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

function compileConstraint(
  constraint: AttributeConstraint,
  limits: RegexLimits,
): Compiled<AgentTest> {
  const select = compileSelector(constraint.selector);
  if (!select.ok) return select;
  const predicate = compilePredicate(constraint.predicate, limits);
  if (!predicate.ok) return predicate;
  const { missing, text, other } = predicate.value;
  return done((facts) => {
    const found = select.value(facts);
    if (found === undefined) return missing;
    if (typeof found === 'string') return text(found);
    return found.type === ValueType.TEXT ? text(found.text?.value ?? '') : other;
  });
}

type Selector = (facts: AgentFacts) => string | Attribute | undefined;

function compileSelector(selector: AttributeConstraint_Selector): Compiled<Selector> {
  const name = selector.attribute_name;
  // The first attribute of a name is the one that counts.
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
  limits: RegexLimits,
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
    const matcher = compileRegex(predicate.text_matches.regex, limits);
    if (!matcher.ok) return matcher;
    return done({ missing: false, text: matcher.value, other: true });
  }
  if (predicate.text_not_matches !== undefined) {
    const matcher = compileRegex(predicate.text_not_matches.regex, limits);
    if (!matcher.ok) return matcher;
    const matches = matcher.value;
    return done({ missing: true, text: (text) => !matches(text), other: true });
  }
  return refused('Unknown predicate type');
}

/** A full match; patterns that are wrong, or too big once compiled, are refused. */
export function compileRegex(
  pattern: string,
  limits: RegexLimits,
): Compiled<(text: string) => boolean> {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refused(`Failed to construct regex from pattern '${pattern}': ${why}`);
  }
  const size = compiled.programSize();
  // RE2 gives a third of its memory to each of two programs, at 16 bytes an instruction or so.
  if (size * 16 > (limits.maxMemoryBytes * 2) / 3) {
    return refused(
      `Failed to construct regex from pattern '${pattern}': pattern too large - compile failed`,
    );
  }
  if (size > limits.maxProgramSize) {
    return refused(
      `Regex '${pattern}' is too complex: program size of ${size} is larger than maximum of ` +
        `${limits.maxProgramSize} allowed`,
    );
  }
  return done((text) => compiled.matches(text));
}
