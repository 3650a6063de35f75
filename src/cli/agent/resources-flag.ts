// Resources in a flag: `cpus:8;mem(role):1024`, or a JSON list of Resource.
import type { Resource } from '../../model/generated/messages.ts';
import { repeatedKey } from '../../model/repeated-key.ts';
import { toReservationList } from '../../model/resource-format.ts';
import { parseResource, reserved, resourceParts } from '../../model/resource-text.ts';
import { types } from '../../wire/types.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import { fromText, messageOf } from '../flags/written.ts';

type Check = (resources: readonly Resource[]) => string | undefined;

/**
 * Resources in the list form of reservations; a resource without a role gets the default role.
 * `check` says why resources are refused. Throws FlagError with a line for each resource at fault.
 */
export function readResources(text: string, defaultRole: string, check: Check): Resource[] {
  const one = (resource: Resource) => {
    refuse(check([resource]));
    return resource;
  };
  const isJson = /^\s*[[{]/.test(text);
  const given = isJson
    ? readEach(listOf(text), (entry) => one(resourceOf(entry, defaultRole)))
    : readEach(resourceParts(text), (part) =>
        one(fromText('resources', () => parseResource(part, defaultRole))),
      );
  // Each resource may be valid, and all together may not.
  refuse(check(given));
  return given.map(toReservationList);
}

function refuse(error: string | undefined): void {
  if (error !== undefined) {
    throw new FlagError(`--resources: ${error}`);
  }
}

function listOf(text: string): unknown[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new FlagError(`--resources: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) {
    throw new FlagError(`--resources: the key '${twice}' stands twice in one object`);
  }
  if (!Array.isArray(list)) {
    throw new FlagError('--resources: expected a JSON list of resources');
  }
  const other = list.findIndex((entry) => typeof entry !== 'object' || entry === null);
  if (other >= 0) {
    throw new FlagError(
      `--resources: expected a JSON list of resources, but element ${other + 1} is no object`,
    );
  }
  return list;
}

function resourceOf(entry: unknown, defaultRole: string): Resource {
  const { name } = (entry ?? {}) as { readonly name?: unknown };
  const called = typeof name === 'string' ? `: Resource '${name}'` : ': a Resource';
  const resource = messageOf('resources', types.Resource, entry, called);
  const { role, reservations = [] } = resource;
  if (role !== undefined && reservations.length > 0) {
    throw new FlagError(
      `--resources${called} has 'role' and 'reservations': only one of them can be set`,
    );
  }
  return role === undefined && reservations.length === 0
    ? reserved(resource, defaultRole)
    : resource;
}
