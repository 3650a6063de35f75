// Bounds of what one call may name, and all calls together: each named thing costs time or memory.

/** Roles of a framework. */
export const MAX_FRAMEWORK_ROLES = 5_000;
/** Roles of all frameworks: each is sorted among its siblings whenever something is offered. */
export const MAX_ROLES = 50_000;
/**
 * Roles of a framework with all above them, each once: every one has its place in the tree of
 * roles.
 */
export const MAX_FRAMEWORK_TREE = 10_000;
/** The same of all frameworks. The core has room for 262,144. */
export const MAX_TREE = 100_000;
/** Weights or quotas of one call. */
export const MAX_ENTRIES = 5_000;
/** Weights, and quotas: every change stores all of them. */
export const MAX_ALL_ENTRIES = 20_000;
/** Machines of a call of maintenance, and of the schedule. */
export const MAX_MACHINES = 50_000;
/** Tasks or operations of a call for reconciliation. */
export const MAX_RECONCILED = 50_000;
/**
 * Tasks that one ACCEPT launches, and operations in it, launches or not: each is a part of a
 * millisecond.
 */
export const MAX_LAUNCHED = 5_000;
/** Reservations and volumes of one ACCEPT: each works on all those before. */
export const MAX_CONVERSIONS = 200;
/**
 * Resources that one call, of a scheduler or an operator, reserves or makes volumes of, or the
 * reverse.
 */
export const MAX_CONVERTED = 1_000;
/**
 * Resources of one agent that differ by reservation or volume: each is in its offers, and in what
 * it tells.
 */
export const MAX_AGENT_RESOURCES = 2_000;
/** Offers that one call answers. */
export const MAX_ANSWERED = 50_000;
/** Frameworks that are subscribed, or may come back. */
export const MAX_FRAMEWORKS = 10_000;
/** Frameworks of one agent that comes back which the master does not know. */
export const MAX_TOLD_FRAMEWORKS = 1_000;

export function countError(what: string, count: number, most: number): string | undefined {
  return count > most ? `${what} has ${count} entries, which is more than ${most}` : undefined;
}
