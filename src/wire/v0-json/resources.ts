// Resources and attributes as unversioned endpoints show them: one value for each name. The
// versioned API shows messages as they are.
import { type Attribute, type Resource, Value_Type } from '../../model/generated/messages.ts';
import { rounded } from '../../model/milli.ts';
import { toEndpointFormat } from '../../model/resource-format.ts';
import { rangesText, setText } from '../../model/resource-label.ts';
import type { Json, Writing } from './writing.ts';

/** In the order of Mesos's keys. */
const SHOWN_TYPES = [Value_Type.SCALAR, Value_Type.RANGES, Value_Type.SET] as const;

/**
 * Sums by name over all reservations, in thousandths, with ranges joined and sets sorted. Revocable
 * amounts have names of their own, and the four scalars that clients expect are there even when
 * zero. Master and agent show them alike, as in Mesos, where one function writes both.
 */
export function resourcesJson({ algebra }: Writing, resources: readonly Resource[]): Json {
  const json: Json = { disk: 0, mem: 0, gpus: 0, cpus: 0 };
  const amounts = amountsByName(algebra, resources);
  for (const shownType of SHOWN_TYPES) {
    for (const [name, { type, scalar, ranges, set }] of amounts) {
      if (type !== shownType) {
        continue;
      }
      switch (type) {
        case Value_Type.SCALAR:
          json[name] = rounded(scalar?.value ?? 0);
          break;
        case Value_Type.RANGES:
          json[name] = rangesText(ranges);
          break;
        default:
          json[name] = setText(set);
      }
    }
  }
  return json;
}

/**
 * The amounts of each name, in the order in which names first occur. A list with each name once,
 * and in one piece, is a sum already; the core adds up all others.
 */
function amountsByName(
  algebra: Writing['algebra'],
  resources: readonly Resource[],
): ReadonlyMap<string, Resource> {
  const amounts = new Map<string, Resource>();
  const counted = withSharedOnce(resources);
  let isSummed = true;
  for (const resource of counted) {
    const name = shownName(resource);
    isSummed &&= isOnePiece(resource) && !amounts.has(name);
    amounts.set(name, resource);
  }
  if (!isSummed) {
    for (const sum of algebra.sum([counted.map(withoutDistinctions)])) {
      amounts.set(shownName(sum), sum);
    }
  }
  return amounts;
}

const shownName = ({ name, revocable }: Resource) =>
  revocable === undefined ? name : `${name}_revocable`;

/** Whether there is nothing to join or sort. */
const isOnePiece = ({ ranges, set }: Resource) =>
  (ranges?.range?.length ?? 0) <= 1 && (set?.item?.length ?? 0) <= 1;

/** A shared volume counts once, however often it is used. */
function withSharedOnce(resources: readonly Resource[]): readonly Resource[] {
  if (resources.every(({ shared }) => shared === undefined)) {
    return resources;
  }
  const volumes = new Set<string>();
  return resources.filter(({ shared, disk, reservations }) => {
    if (shared === undefined) {
      return true;
    }
    const volume = `${disk?.persistence?.id}/${reservations?.at(-1)?.role}`;
    const isFirst = !volumes.has(volume);
    volumes.add(volume);
    return isFirst;
  });
}

/** Removes what distinguishes parts of one resource, so that they add up. */
function withoutDistinctions({ name, type, scalar, ranges, set, revocable }: Resource): Resource {
  const amount: Resource = { name, type };
  if (scalar !== undefined) {
    amount.scalar = scalar;
  }
  if (ranges !== undefined) {
    amount.ranges = ranges;
  }
  if (set !== undefined) {
    amount.set = set;
  }
  if (revocable !== undefined) {
    amount.revocable = revocable;
  }
  return amount;
}

/** As the agent's operator wrote them. */
export const attributesJson = (attributes: readonly Attribute[] | undefined): Json =>
  Object.fromEntries((attributes ?? []).map((attribute) => [attribute.name, valueJson(attribute)]));

function valueJson({ type, scalar, ranges, set, text }: Attribute): unknown {
  switch (type) {
    case Value_Type.SCALAR:
      return scalar?.value ?? 0;
    case Value_Type.RANGES:
      return rangesText(ranges);
    case Value_Type.SET:
      return setText(set);
    case Value_Type.TEXT:
      return text?.value ?? '';
    default:
      return type satisfies never;
  }
}

/** Each resource by itself, with all its fields. */
export const fullResourcesJson = ({ message }: Writing, resources: readonly Resource[]) =>
  resources.map((resource) => message('Resource', toEndpointFormat(resource)));
