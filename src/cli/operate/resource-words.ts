// Resources as operators write them on command lines, labels, and what is said of them.
import {
  type Labels,
  type Resource_ReservationInfo as Reservation,
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
} from '../../model/generated/messages.ts';
import { toReservationList } from '../../model/resource-format.ts';
import { formatResources, parseResource, resourceParts } from '../../model/resource-text.ts';
import { parseJson } from '../../wire/json-text.ts';
import { types } from '../../wire/types.ts';
import { WireError } from '../../wire/wire-error.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import { fromText, messageOf } from '../flags/written.ts';

const WHAT = 'RESOURCES';

/** Of `cpus:2;ports:[31000-31005]`, or a JSON list, without reservations. Throws FlagError. */
export function resourcesIn(text: string): readonly Resource[] {
  try {
    const resources = /^\s*\[\s*\{/.test(text)
      ? readEach(listOf(text), (entry) => messageOf(WHAT, types.Resource, entry))
      : readEach(resourceParts(text), (part) => fromText(WHAT, () => parseResource(part)));
    if (resources.length === 0) {
      throw new FlagError(`${WHAT}: expected resources such as cpus:2;mem:1024, got none`);
    }
    for (const resource of resources.map(toReservationList)) {
      if (resource.reservations !== undefined) {
        throw new FlagError(`${WHAT}: expected ${resource.name} without a role, which has its own`);
      }
    }
    return resources.map(toReservationList);
  } catch (error) {
    if (error instanceof FlagError) {
      throw new FlagError(error.message.replaceAll(`--${WHAT}`, WHAT));
    }
    throw error;
  }
}

function listOf(text: string): readonly unknown[] {
  try {
    return parseJson(text) as readonly unknown[];
  } catch (error) {
    if (error instanceof WireError) {
      throw new FlagError(`${WHAT}: ${error.message}`);
    }
    throw error;
  }
}

/** `key=value` or `key`, each. */
export function labelsIn(texts: readonly string[] | undefined): Labels | undefined {
  return texts === undefined
    ? undefined
    : {
        labels: texts.map((text) => {
          const [, key = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
          return value === undefined ? { key } : { key, value };
        }),
      };
}

export const labelsText = (labels: Labels | undefined): string =>
  (labels?.labels ?? [])
    .map(({ key, value }) => (value === undefined ? key : `${key}=${value}`))
    .join(',');

/** Without roles: `cpus:2;mem:1024`. */
export const bareText = (resources: readonly Resource[]): string =>
  formatResources(resources.map(({ reservations: _, ...bare }) => bare)).replaceAll('; ', ';');

/** `eng`, or of a refined one `eng > eng/web`. */
export const stackText = (reservations: readonly Reservation[]): string =>
  reservations.map(({ role = '*' }) => role).join(' > ');

export const isDynamic = ({ type }: Reservation): boolean => type === ReservationType.DYNAMIC;
