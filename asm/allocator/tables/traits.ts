// Traits of a leaf (a framework in a role) that an agent may deny: bits that leaves have, and of
// which an agent names those that it is not offered to.

/** The framework does not know GPUs. */
export const LACKS_GPU: u32 = 1;
/** The framework does not know regions. */
export const LACKS_REGION: u32 = 2;
/** The framework may have several roles. */
export const IS_MULTI_ROLE: u32 = 4;
/** The role has a parent. */
export const IS_HIERARCHICAL: u32 = 8;
