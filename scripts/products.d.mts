/** Paths from the root of a checkout. */
export interface Product {
  readonly record: string;
  readonly from: readonly string[];
  makes(root?: string): readonly string[];
}

export const MESSAGES: Product;
export const SUPERVISOR: Product;
export function coreModule(file: string): Product;
export function staleness(product: Product, root?: string): (() => void) | undefined;
