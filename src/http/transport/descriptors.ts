// File descriptors of this process: how many it may have, and how many it has.
import { readdirSync, readFileSync } from 'node:fs';

/** Used where the system does not tell; few systems allow less. */
const USUAL_LIMIT = 1_024;

/** The hard limit, for Node raises its own limit to that at the start. */
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
