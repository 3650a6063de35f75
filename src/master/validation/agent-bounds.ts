// How many agents there may be, and how much they may tell of themselves when they register: what
// they are and what they run.

/**
 * Registered agents, those that the registry names and that may come back, and those on their way
 * into it.
 */
export const MAX_AGENTS = 50_000;
/** Of memory, about; a process that may have little memory has less for them (MasterOptions). */
export const MAX_AGENTS_BYTES = 768 * 1024 * 1024;
/** Of all resources, each counted by itself: the core has room for 9e12. */
export const MAX_AGENTS_AMOUNT = 8e12;
/** At one IP address, where tests of scale have many. */
export const MAX_ADDRESS_AGENTS = 20_000;
/** Of the bytes and amounts of all. */
export const AGENTS_OF_ADDRESS_SHARE = 1 / 3;
