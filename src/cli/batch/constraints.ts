// Constraints of tasks, written as in Marathon: ATTRIBUTE:OPERATOR[:VALUE] as text, or a list of
// texts in JSON.
import { RE2JS } from 're2js';
import type { PlacementConstraint } from '../../core/matcher.ts';

export interface Constraint {
  /** The constraint as it was written. */
  readonly text: string;
  /** The constraint as the matcher takes it. */
  readonly placement: PlacementConstraint;
}

/** The message is a clause without subject, such as `must be …`. */
export class ConstraintError extends Error {
  readonly code = 'MESOSCALE_CONSTRAINT';
}

type Operator = (attribute: string, value: string | undefined, text: string) => PlacementConstraint;

/**
 * A constraint counts exactly the tasks that have the same constraint: one that is given for all
 * tasks counts all of them, and one that only some tasks have does not count the others.
 */
const OPERATORS: Readonly<Record<string, Operator>> = {
  UNIQUE: (attribute, value, group) => {
    refuse('UNIQUE', value);
    return { type: 'unique', attribute, group };
  },
  CLUSTER: (attribute, value) => ({ type: 'equals', attribute, value: given('CLUSTER', value) }),
  IS: (attribute, value) => ({ type: 'equals', attribute, value: given('IS', value) }),
  GROUP_BY: (attribute, value, group) => {
    refuse('GROUP_BY', value);
    return { type: 'groupBy', attribute, group };
  },
  LIKE: (attribute, value) => ({ type: 'matches', attribute, pattern: pattern('LIKE', value) }),
  UNLIKE: (attribute, value) => ({ type: 'unlike', attribute, pattern: pattern('UNLIKE', value) }),
  MAX_PER: (attribute, value, group) => {
    if (!/^[1-9]\d{0,8}$/.test(value ?? '')) {
      throw new ConstraintError('must give MAX_PER a whole number from 1 on');
    }
    return { type: 'maxPer', attribute, count: Number(value), group };
  },
};

function given(operator: string, value: string | undefined): string {
  if (value === undefined || value === '') {
    throw new ConstraintError(`must give ${operator} a value`);
  }
  return value;
}

function refuse(operator: string, value: string | undefined): void {
  if (value !== undefined) {
    throw new ConstraintError(`must give ${operator} no value`);
  }
}

function pattern(operator: string, value: string | undefined): string {
  if (value === undefined || value === '' || !isPattern(value)) {
    throw new ConstraintError(`must give ${operator} a regular expression`);
  }
  return value;
}

function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

/** Reads constraints separated by semicolons. Throws ConstraintError. */
export function parseConstraints(text: string): Constraint[] {
  return text.split(';').map(parseConstraint);
}

function parseConstraint(text: string): Constraint {
  const [field = '', operator, ...value] = text.split(':');
  return constraintOf([field, operator ?? '', ...(value.length > 0 ? [value.join(':')] : [])]);
}

/**
 * Reads such a text, or a list of texts and of Marathon's lists, such as `["rack", "LIKE",
 * "rack-1"]`. Throws ConstraintError.
 */
export function readConstraints(value: unknown): Constraint[] {
  if (typeof value === 'string' && value.trimStart().startsWith('[')) {
    return listed(parsed(value));
  }
  return typeof value === 'string' ? parseConstraints(value) : listed(value);
}

const SHAPE = 'must be ATTRIBUTE:OPERATOR[:VALUE], such as rack:LIKE:rack-[1-3] or hostname:UNIQUE';
const LIST = 'must be a list of constraints, such as [["rack", "LIKE", "rack-[1-3]"]]';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConstraintError(LIST, { cause });
  }
}

function listed(value: unknown): Constraint[] {
  if (!Array.isArray(value)) {
    throw new ConstraintError(LIST);
  }
  return value.map((one: unknown) => {
    if (typeof one === 'string') {
      return parseConstraint(one);
    }
    const isParts = Array.isArray(one) && one.every((part) => /string|number/.test(typeof part));
    if (!isParts) {
      throw new ConstraintError(LIST);
    }
    return constraintOf(one.map(String));
  });
}

function constraintOf(parts: readonly string[]): Constraint {
  const [field = '', operator = '', value] = parts.map((part) => part.trim());
  if (field === '' || operator === '' || parts.length > 3) {
    throw new ConstraintError(SHAPE);
  }
  const make = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (make === undefined) {
    const known = Object.keys(OPERATORS).join(', ');
    throw new ConstraintError(`must have one of the operators ${known} after the attribute`);
  }
  const text = [field, operator, ...(value === undefined ? [] : [value])].join(':');
  return { text, placement: make(field === 'hostname' ? '@hostname' : field, value, text) };
}

/** The attribute of a constraint as people write it. */
export const fieldOf = (attribute: string) => (attribute === '@hostname' ? 'hostname' : attribute);

/** Whether a constraint looks at other tasks, and not at the agent alone. */
export const isOfGroup = ({ placement: { type } }: Constraint) =>
  type === 'unique' || type === 'groupBy' || type === 'maxPer';

/** The constraints of all tasks, then the task's own; one that is given twice counts once. */
export function joined(all: readonly Constraint[], own: readonly Constraint[]): Constraint[] {
  return [...new Map([...all, ...own].map((one) => [one.text, one])).values()];
}
