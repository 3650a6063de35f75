// Resources in words: each as `2 cpus`, with whom it is reserved for and whether it can be taken
// back.
import type { Resource } from '../../model/generated/messages.ts';
import type { Seen } from '../store/shapes.ts';
import { AMOUNT_NAMES, type Amounts } from '../store/sums.ts';
import { amountText } from './amounts.ts';
import { plainName } from './names.ts';

const UNITS: Readonly<Record<string, string>> = {
  cpus: 'CPUs',
  mem: 'memory',
  disk: 'disk',
  gpus: 'GPUs',
};

/** `CPUs`; names that nobody has words for stand for themselves. */
export const resourceTitle = (name: string): string => UNITS[name] ?? plainName(name);

/** Ranges and items that are told before `…`. */
const MAX_PARTS = 12;

type Quantity = Pick<Seen<Resource>, 'name' | 'scalar' | 'ranges' | 'set'>;

export function resourceWords(resource: Seen<Resource>): string {
  const reserved = reservationOf(resource);
  const amount = resourceAmount(resource);
  const unit = resourceTitle(resource.name ?? '');
  return [
    `${amount} ${amount === '1' ? unit.replace(/PUs$/, 'PU') : unit}`,
    ...(reserved === undefined ? [] : [`reserved for ${reserved}`]),
    ...(resource.disk?.persistence === undefined
      ? []
      : [`volume ${resource.disk.persistence.id ?? ''}`]),
    ...(resource.revocable === undefined ? [] : ['can be taken back']),
    ...(resource.shared === undefined ? [] : ['shared']),
  ].join(', ');
}

/** `2 CPUs, 1.5 GB memory`, of those of which there is something. */
export const amountsWords = (amounts: Amounts): string =>
  AMOUNT_NAMES.flatMap((name, index) => {
    const value = (amounts[index] ?? 0) / 1000;
    return value === 0 ? [] : [resourceWords({ name, scalar: { value } })];
  }).join(', ');

/** The role that it is reserved for; undefined where it is anybody's. */
function reservationOf({
  reservations = [],
  role,
  reservation,
}: Seen<Resource>): string | undefined {
  const stack = reservations.at(-1)?.role ?? reservation?.role;
  return stack ?? (role === undefined || role === '*' ? undefined : role);
}

/** What several have of one resource: where there are more than one, each with its role. */
export const heldWords = (
  held: readonly (Quantity & { readonly allocation_info?: { readonly role?: string } })[],
): string =>
  held
    .map((each) => {
      const role = each.allocation_info?.role;
      return held.length === 1 || role === undefined
        ? resourceAmount(each)
        : `${resourceAmount(each)} by ${role}`;
    })
    .join(', ');

/** Of any form: a number, ranges, or items. */
export function resourceAmount({ name = '', scalar, ranges, set }: Quantity): string {
  if (scalar !== undefined) {
    const { value = 0 } = scalar;
    return name === 'mem' || name === 'disk' ? amountText(name, value) : amountText('cpus', value);
  }
  const parts =
    ranges === undefined
      ? (set?.item ?? [])
      : (ranges.range ?? []).map(({ begin = 0, end = 0 }) =>
          begin === end ? `${begin}` : `${begin}–${end}`,
        );
  return parts.length > MAX_PARTS ? `${parts.slice(0, MAX_PARTS).join(', ')} …` : parts.join(', ');
}
