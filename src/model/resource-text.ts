// Resources as text: `cpus:4;mem(role):1024;ports:[31000-32000];names:{a,b}`.
import {
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
  Value_Type,
} from './generated/messages.ts';
import { formatValue, parseValue, TextError } from './value-text.ts';

/**
 * Reads a list of resources. A role in parentheses is a static reservation; a resource without one
 * gets the default role. Throws TextError.
 */
export function parseResources(text: string, defaultRole = '*'): Resource[] {
  return resourceParts(text).map((part) => parseResource(part, defaultRole));
}

/** Splits a list of resources into the text of each. */
export const resourceParts = (text: string): string[] =>
  text
    .split(/[;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Throws TextError. */
export function parseResource(text: string, defaultRole = '*'): Resource {
  const match = /^([^:()\s]+)\s*(?:\(([^()]*)\))?\s*:(.+)$/s.exec(text);
  const [, name, role = defaultRole, valueText] = match ?? [];
  if (name === undefined || valueText === undefined || role.trim() === '') {
    throw new TextError(`expected a resource such as cpus:4 or mem(role):1024, got '${text}'`);
  }
  const value = parseValue(valueText);
  if (value.type === Value_Type.TEXT) {
    throw new TextError(`expected a number, [ranges] or {set} for ${name}, got '${valueText}'`);
  }
  return reserved({ name, ...value }, role.trim());
}

/** Statically reserved for the role, unless that is `*`. */
export function reserved(resource: Resource, role: string): Resource {
  return role === '*'
    ? resource
    : { ...resource, reservations: [{ type: ReservationType.STATIC, role }] };
}

/** One line for people: `cpus:4; mem(role):1024`. */
export function formatResources(resources: readonly Resource[]): string {
  return resources
    .map((resource) => {
      const role = resource.reservations?.at(-1)?.role;
      return `${resource.name}${role === undefined ? '' : `(${role})`}:${formatValue(resource)}`;
    })
    .join('; ');
}
