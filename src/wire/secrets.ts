// Removes the values of secrets from messages, for those who read the cluster's state and events.
// Executors get their secrets; readers only learn that there are some.
import type { Secret } from '../model/generated/messages.ts';
import type { Field, MessageType } from './message-type.ts';
import { types } from './types.ts';

type AnyType = MessageType<object>;

interface Step {
  readonly field: Field;
  readonly type: AnyType;
}

/** For each type, the fields that may contain a secret at some depth. */
const known = new Map<AnyType, readonly Step[]>();

/** A copy without the values of secrets; the message itself where it has none. */
export function withoutSecrets<T extends object>(type: MessageType<T>, message: T): T {
  return strip(type as AnyType, message) as T;
}

function strip(type: AnyType, message: object): object {
  if (type === (types.Secret as AnyType)) {
    const { value: _, ...rest } = message as Secret;
    return rest;
  }
  let copy: Record<string, unknown> | undefined;
  for (const { field, type: below } of stepsOf(type)) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value !== undefined) {
      const stripped = stripField(field, below, value as object);
      if (stripped !== value) {
        copy ??= { ...message };
        copy[field.name] = stripped;
      }
    }
  }
  return copy ?? message;
}

function stripField({ rule }: Field, type: AnyType, value: object): object {
  switch (rule) {
    case 'repeated': {
      // Most lists contain no secret, and are not copied.
      let copy: object[] | undefined;
      const list = value as readonly object[];
      for (const [i, element] of list.entries()) {
        const stripped = strip(type, element);
        if (stripped !== element) {
          copy ??= [...list];
          copy[i] = stripped;
        }
      }
      return copy ?? list;
    }
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([key, element]) => [key, strip(type, element)]),
      );
    default:
      return strip(type, value);
  }
}

function stepsOf(type: AnyType): readonly Step[] {
  let steps = known.get(type);
  if (steps === undefined) {
    steps = messageFields(type).filter((step) => reachesSecret(step.type, new Set()));
    known.set(type, steps);
  }
  return steps;
}

const messageFields = ({ fields }: AnyType): Step[] =>
  fields.flatMap((field) =>
    'message' in field.value ? [{ field, type: field.value.message() }] : [],
  );

function reachesSecret(type: AnyType, seen: Set<AnyType>): boolean {
  if (type === (types.Secret as AnyType)) {
    return true;
  }
  if (seen.has(type)) {
    return false;
  }
  seen.add(type);
  return messageFields(type).some((step) => reachesSecret(step.type, seen));
}
