// Resources in a flag: `cpus:8;mem(role):1024`, or a JSON list of Resource.
import type { Resource } from '../model/generated/messages.ts';
import { repeatedKey } from '../model/repeated-key.ts';
import { toReservationList } from '../model/resource-format.ts';
import { parseResources, reserved } from '../model/resource-text.ts';
import { TextError } from '../model/value-text.ts';
import { readJsonValue } from '../wire/json.ts';
import { types } from '../wire/types.ts';
import { unknownField } from '../wire/unknown-field.ts';
import { WireError } from '../wire/wire-error.ts';
import { FlagError } from './flags/parse.ts';

/**
 * Resources in the list form of reservations; those that name no role get the default role. `check`
 * says why they cannot be taken. Throws FlagError of one line.
 */
export function readResources(
  text: string,
  defaultRole: string,
  check: (resources: readonly Resource[]) => string | undefined,
): Resource[] {
  try {
    const isJson = /^\s*[[{]/.test(text);
    const given = isJson ? readList(text, defaultRole) : parseResources(text, defaultRole);
    const error = check(given);
    if (error !== undefined) {
      throw new TextError(error);
    }
    return given.map(toReservationList);
  } catch (error) {
    if (error instanceof TextError || error instanceof WireError || error instanceof SyntaxError) {
      throw new FlagError(`--resources: ${error.message.replaceAll(/\s+/g, ' ')}`);
    }
    throw error;
  }
}

function readList(text: string, defaultRole: string): Resource[] {
  const list: unknown = JSON.parse(text);
  const twice = repeatedKey(text);
  if (twice !== undefined) {
    throw new TextError(`the key '${twice}' stands twice in one object`);
  }
  if (!Array.isArray(list)) {
    throw new TextError('expected a JSON list of resources');
  }
  return list.map((entry: unknown) => {
    const resource = readJsonValue(types.Resource, entry);
    const unknown = unknownField(types.Resource, entry);
    if (unknown !== undefined) {
      throw new TextError(`Resource '${resource.name}' has the unknown field '${unknown}'`);
    }
    const { role, reservations = [] } = resource;
    if (role !== undefined && reservations.length > 0) {
      throw new TextError(
        `Resource '${resource.name}' has 'role' and 'reservations': only one of them can be set`,
      );
    }
    return role === undefined && reservations.length === 0
      ? reserved(resource, defaultRole)
      : resource;
  });
}
