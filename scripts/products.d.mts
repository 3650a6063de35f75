/** Paths from the root of a checkout. */
export interface Product {
  readonly record: string;
  readonly from: readonly string[];
  /** Absent: the record is all that there is. */
  makes?(root?: string): readonly string[];
}

/** A path from the root of a checkout. */
export const COMMAND: string;
export const MESSAGES: Product;
export const PACKAGE: Product;
export const PACKAGES: Product;
export const PROGRAMS: Product;
export const SUPERVISOR: Product;
export const WEBUI: Product;
export function coreModule(file: string): Product;
export function formatOfFiles(root?: string): Product | undefined;
export function staleness(product: Product, root?: string): (() => void) | undefined;
