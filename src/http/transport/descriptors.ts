// File descriptors of this process: how many there may be, and how many are in use.
import { readdirSync, readFileSync } from 'node:fs';

/** Where the system does not tell; few systems allow less. */
const USUAL_LIMIT = 1_024;

/** Node raises its own limit to the hard one when it starts. */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const limit = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
    return limit === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(limit ?? USUAL_LIMIT);
  } catch {
    return USUAL_LIMIT;
  }
}

/** 0 where the system does not tell. */
export function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
