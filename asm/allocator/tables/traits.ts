// Traits of leaves: bits that say what a leaf lacks or is. An agent has the bits of the traits that
// it denies, and is not offered to a leaf with one of them.

/** The framework does not know GPUs. */
export const LACKS_GPU: u32 = 1;
/** The framework does not know regions. */
export const LACKS_REGION: u32 = 2;
/** The framework may have several roles. */
export const IS_MULTI_ROLE: u32 = 4;
/** The role has a parent. */
export const IS_HIERARCHICAL: u32 = 8;
