// Numbers that the module and its host must agree on. Plain constants only: this file is compiled
// both as AssemblyScript and as TypeScript.

/** Raised whenever an export, a record layout or the meaning of a value changes. */
export const ABI_VERSION = 1;

// Status codes. Every call that can be refused answers one of these and changes nothing unless it
// is OK.
export const OK = 0;
export const BAD_HANDLE = 1;
export const BAD_AMOUNT = 2;
export const BAD_RANGE = 3;
export const BAD_KIND = 4;
export const TOO_MANY = 5;
export const NOT_CONTAINED = 6;
export const STILL_SHARED = 7;
export const EXISTS = 8;
export const BAD_STATE = 9;
export const NO_MEMORY = 10;
export const BAD_ARGUMENT = 11;

// Limits.
export const MAX_KINDS = 1048576;
export const MAX_NAMES = 1024;
export const MAX_AGENTS = 4194304;
export const MAX_FRAMEWORKS = 262144;
export const MAX_ROLES = 262144;
/** Ranks order names of equal share and count: 24 bits. */
export const MAX_RANK = 16777215;
export const MAX_ITEMS = 65536;
export const MAX_RANGES = 1048576;
/** Thousandths are whole numbers in an f64: exact up to here. */
export const MAX_AMOUNT = 9007199254740991.0;

// Bits of a kind.
/** Value type: the low two bits. */
export const TYPE_MASK = 3;
export const TYPE_SCALAR = 0;
export const TYPE_RANGES = 1;
export const TYPE_SET = 2;
/** Has a reservation stack. */
export const RESERVED = 4;
/** Has more than one reservation. */
export const REFINED = 8;
export const REVOCABLE = 16;
export const SHARED = 32;
/** Cannot be divided: its size is part of the kind and amounts count copies. */
export const SOLID = 64;
/** A persistent volume. */
export const VOLUME = 128;

// Options of an allocator.
/** Agents with GPUs are for frameworks that know them. */
export const OPTION_FILTER_GPU = 1;
export const OPTION_RANDOM_ROLES = 2;
export const OPTION_RANDOM_FRAMEWORKS = 4;

/** In place of an agent's number: all agents. */
export const ALL_AGENTS = 0xffffffff;

// Bits of an agent.
export const AGENT_ACTIVE = 1;
export const AGENT_WHITELISTED = 2;
/** Lacks MULTI_ROLE: multi-role frameworks are not offered it. */
export const AGENT_SINGLE_ROLE = 4;
/** Lacks HIERARCHICAL_ROLE: roles with a slash are not offered it. */
export const AGENT_FLAT_ROLES = 8;
/** Its region is not the master's. */
export const AGENT_REMOTE = 16;

// Capabilities of a framework.
export const FRAMEWORK_MULTI_ROLE = 1;
export const FRAMEWORK_GPU = 2;
export const FRAMEWORK_REGION_AWARE = 4;
export const FRAMEWORK_SHARED = 8;
export const FRAMEWORK_REVOCABLE = 16;
export const FRAMEWORK_REFINEMENT = 32;

// Answers of explain().
export const EXPLAIN_OFFERED = 0;
export const EXPLAIN_UNKNOWN = 1;
export const EXPLAIN_AGENT_INACTIVE = 2;
export const EXPLAIN_NOT_WHITELISTED = 3;
export const EXPLAIN_FRAMEWORK_INACTIVE = 4;
export const EXPLAIN_SUPPRESSED = 5;
export const EXPLAIN_NOT_SUBSCRIBED = 6;
export const EXPLAIN_CONSTRAINT = 7;
export const EXPLAIN_NOTHING_FREE = 8;
export const EXPLAIN_TOO_SMALL = 9;
export const EXPLAIN_CAPABILITY = 10;
export const EXPLAIN_QUOTA_LIMIT = 11;
export const EXPLAIN_HEADROOM = 12;
export const EXPLAIN_REFUSED = 13;
/** Other leaves are offered first, and leave nothing. */
export const EXPLAIN_SHARE_ORDER = 14;

// Records in memory that the host reads.
/**
 * An offer of the last run, in words: leaf, agent, address of the items, how many, and two that are
 * unused.
 */
export const OFFER_WORDS = 6;

// The matcher's request.
export const MATCH_HEADER_WORDS = 16;
/** No mask, value, dimension or bound. */
export const MATCH_NONE = 0xffffffff;
/** As the mask of a task: it is left out. */
export const MATCH_SKIP = 0xfffffffe;
/** As the bound of a limit: there is none. */
export const MATCH_FREE = 0xfffffffe;

// Its answers: why a task has no place.
export const MATCH_NOT_ALLOWED = -2;
export const MATCH_TOO_LARGE = -3;
export const MATCH_GROUP_FULL = -4;
export const MATCH_SKIPPED = -5;
