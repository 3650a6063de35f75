// What resources come to, for columns and lines that people read. The core adds them up.
import { createCore } from '../../core/core.ts';
import type { Quantities, ResourceAlgebra } from '../../core/interface.ts';
import { BYTES_PER_MEGABYTE, roundedBytes } from '../../model/bytes.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { loadCore } from '../../runtime/load-core.ts';

export type QuantitiesOf = (resources: readonly Resource[] | undefined) => Quantities;

/** The core, for sums and comparisons. */
export const resourceAlgebra = async (): Promise<ResourceAlgebra> =>
  createCore(await loadCore()).algebra;

const NONE: readonly Resource[] = [];

/** Amounts by the name of the resource, over all roles; of one list they are added up once. */
export async function quantitiesOf(): Promise<QuantitiesOf> {
  const algebra = await resourceAlgebra();
  const known = new WeakMap<readonly Resource[], Quantities>();
  return (resources = NONE) => {
    const quantities = known.get(resources) ?? algebra.quantities(resources);
    known.set(resources, quantities);
    return quantities;
  };
}

const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 3, useGrouping: false });

/** In which unit the master counts it. */
export const sizeUnitOf = (name: string): 'MB' | undefined =>
  name === 'mem' || name === 'disk' ? 'MB' : undefined;

/** `2.5` of cpus, `1.5 GB` of memory; empty where there is none. */
export function amountText(name: string, amount: number | undefined): string {
  if (amount === undefined) {
    return '';
  }
  return sizeUnitOf(name) === 'MB'
    ? roundedBytes(amount * BYTES_PER_MEGABYTE)
    : fine.format(amount);
}
