// Offer constraints: which agents a framework wants offers of, by role.
import type { AgentFacts } from '../../src/core/interface.ts';
import {
  type Attribute,
  type AttributeConstraint,
  type OfferConstraints,
  AttributeConstraint_Selector_PseudoattributeType as Pseudo,
  Value_Type,
} from '../../src/model/generated/messages.ts';

/** The text of an attribute, an attribute that is no text, or no attribute. */
type Selected = { readonly text: string } | 'not text' | undefined;

const fromText = (text: string | undefined): Selected =>
  text === undefined ? undefined : { text };

const fromAttribute = (attribute: Attribute): Selected =>
  attribute.type === Value_Type.TEXT ? { text: attribute.text?.value ?? '' } : 'not text';

function select(constraint: AttributeConstraint, agent: AgentFacts): Selected {
  const { attribute_name: name, pseudoattribute_type: pseudo } = constraint.selector;
  if (name !== undefined) {
    const attribute = agent.attributes.find((candidate) => candidate.name === name);
    return attribute === undefined ? undefined : fromAttribute(attribute);
  }
  switch (pseudo) {
    case Pseudo.HOSTNAME:
      return { text: agent.hostname };
    case Pseudo.REGION:
      return fromText(agent.region);
    case Pseudo.ZONE:
      return fromText(agent.zone);
    default:
      throw new Error('a constraint selects an attribute or a pseudoattribute');
  }
}

const matches = (text: string, regex: string) => new RegExp(`^(?:${regex})$`, 'u').test(text);

function isTrue(constraint: AttributeConstraint, agent: AgentFacts): boolean {
  const selected = select(constraint, agent);
  const { predicate } = constraint;
  if (predicate.exists) {
    return selected !== undefined;
  }
  if (predicate.not_exists) {
    return selected === undefined;
  }
  // An attribute that is no text passes every test of a text; a missing one passes only negative
  // tests.
  if (selected === 'not text') {
    return true;
  }
  const text = selected?.text;
  if (predicate.text_equals) {
    return text === predicate.text_equals.value;
  }
  if (predicate.text_not_equals) {
    return text !== predicate.text_not_equals.value;
  }
  if (predicate.text_matches) {
    return text !== undefined && matches(text, predicate.text_matches.regex);
  }
  if (predicate.text_not_matches) {
    return text === undefined || !matches(text, predicate.text_not_matches.regex);
  }
  throw new Error('a constraint has a predicate');
}

/**
 * False only where the framework has constraints for the role and the agent satisfies no group of
 * them.
 */
export function isWanted(
  constraints: OfferConstraints | undefined,
  role: string,
  agent: AgentFacts,
): boolean {
  const groups = constraints?.role_constraints?.[role]?.groups;
  if (groups === undefined) {
    return true;
  }
  return groups.some((group) =>
    (group.attribute_constraints ?? []).every((constraint) => isTrue(constraint, agent)),
  );
}
