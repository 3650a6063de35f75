// Exchanges the secrets in messages. Those who read the cluster's state and events only learn that
// there are some; executors get them.
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
export const withoutSecrets = <T extends object>(type: MessageType<T>, message: T): T =>
  exchangeSecrets(type, message, ({ value: _, ...rest }) => rest);

type Change = (secret: Secret) => Secret;

/** A copy with what `change` makes of each secret; the message itself where all stay the same. */
export function exchangeSecrets<T extends object>(
  type: MessageType<T>,
  message: T,
  change: Change,
): T {
  return exchange(type as AnyType, message, change) as T;
}

function exchange(type: AnyType, message: object, change: Change): object {
  if (type === (types.Secret as AnyType)) {
    return change(message as Secret);
  }
  let copy: Record<string, unknown> | undefined;
  for (const { field, type: below } of stepsOf(type)) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value !== undefined) {
      const changed = exchangeIn(field, below, value as object, change);
      if (changed !== value) {
        copy ??= { ...message };
        copy[field.name] = changed;
      }
    }
  }
  return copy ?? message;
}

function exchangeIn({ rule }: Field, type: AnyType, value: object, change: Change): object {
  switch (rule) {
    case 'repeated': {
      // Most lists contain no secret, and are not copied.
      let copy: object[] | undefined;
      const list = value as readonly object[];
      for (const [i, element] of list.entries()) {
        const changed = exchange(type, element, change);
        if (changed !== element) {
          copy ??= [...list];
          copy[i] = changed;
        }
      }
      return copy ?? list;
    }
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([key, element]) => [key, exchange(type, element, change)]),
      );
    default:
      return exchange(type, value, change);
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
