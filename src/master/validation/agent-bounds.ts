// Bounds of agents: how many there may be, and how much their registrations may tell of them and
// what they run.

/** Agents that are registered, in the registry, or being admitted. */
export const MAX_AGENTS = 50_000;
/**
 * Memory of all registrations, about; less where the process may use little memory (MasterOptions).
 */
export const MAX_AGENTS_BYTES = 768 * 1024 * 1024;
/** The sum of all amounts of all agents: the core's sums can hold 9e12. */
export const MAX_AGENTS_AMOUNT = 8e12;
/** Agents at one IP address: tests of scale run many there. */
export const MAX_ADDRESS_AGENTS = 20_000;
/** Part of the bytes and amounts above that agents at one address may take. */
export const AGENTS_OF_ADDRESS_SHARE = 1 / 3;
