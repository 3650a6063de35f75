// Who owns which header slot. Slots below 200 belong to memory.ts. A table takes three (base,
// count, capacity), and so do a hash and a list; of others the comment says so when it is more than
// one. A test looks for overlaps.

// Algebra.
export const SLOT_IO: i32 = 200; // address of the exchange buffer
export const SLOT_IO_SIZE: i32 = 201;
export const SLOT_IO_USED: i32 = 202;
export const SLOT_KINDS: i32 = 204; // table
export const SLOT_KINDS_FREE: i32 = 207;
export const SLOT_NAMES: i32 = 208; // table
export const SLOT_NAMES_FREE: i32 = 211;
export const SLOT_ROWS: i32 = 212; // table of rows that the host holds
export const SLOT_ROW_FREE: i32 = 216;
export const SLOT_SETS: i32 = 217; // address of the sets seen lately
export const SLOT_SCRATCH: i32 = 220; // nine scratch rows: 220 … 237

// Allocator.
export const SLOT_OPTIONS: i32 = 240; // flags, see allocator/tables/agents.ts
export const SLOT_NOW: i32 = 241;
export const SLOT_SEED: i32 = 243; // four words of the generator: 243 … 246
export const SLOT_CLUSTER_MIN: i32 = 248;

export const SLOT_ROLES: i32 = 256; // table
export const SLOT_ROLES_FREE: i32 = 259;
export const SLOT_FRAMEWORKS: i32 = 260; // table
export const SLOT_FRAMEWORK_FREE: i32 = 263;
export const SLOT_LEAVES: i32 = 264; // table
export const SLOT_LEAF_FREE: i32 = 267;
export const SLOT_NODES: i32 = 268; // table
export const SLOT_NODE_FREE: i32 = 271;
export const SLOT_AGENTS: i32 = 272; // table
export const SLOT_AGENT_FREE: i32 = 275;
export const SLOT_VECTORS: i32 = 276; // table of vectors
export const SLOT_VECTOR_WIDTH: i32 = 279; // in f64s
export const SLOT_VECTOR_FREE: i32 = 280;
export const SLOT_FILTERS: i32 = 284; // table
export const SLOT_FILTER_FREE: i32 = 287;
export const SLOT_HEAP: i32 = 288; // table: filters by end
export const SLOT_ORDER: i32 = 292; // table: agents in visiting order
export const SLOT_ORDER_STATE: i32 = 295;
export const SLOT_REFUSED_LISTS: i32 = 300; // hash: lists that filters hide
export const SLOT_INVERSE: i32 = 304; // table: inverse filters and outstanding inverse offers
export const SLOT_IDLE: i32 = 308; // address, words: agents that need no visit
export const SLOT_ACTIVE_LEAVES: i32 = 314; // address, words: leaves that take part
export const SLOT_TOTALS_VERSION: i32 = 316;
export const SLOT_TOTALS: i32 = 317; // vector: the cluster
export const SLOT_REVOCABLE_FREE: i32 = 318; // vector
export const SLOT_QUOTA_ROLES: i32 = 320; // table
export const SLOT_MAINTENANCE: i32 = 324; // table: agents with maintenance
export const SLOT_OFFERS: i32 = 328; // table: offers of the run
export const SLOT_INVERSE_OFFERS: i32 = 336; // table
export const SLOT_TOUCHED: i32 = 380; // table: nodes whose key is out of date
export const SLOT_SHARE_NAMES: i32 = 384; // list: names that count
export const SLOT_UNWEIGHED: i32 = 388; // some node has not taken its weight yet
export const SLOT_OWN_MINIMUMS: i32 = 389; // active leaves with a minimum of their own
export const SLOT_COMPLEX_AGENTS: i32 = 390; // how many agents are not plain
export const SLOT_GPU_NAME: i32 = 391; // the name number of gpus, plus one
export const SLOT_PARKED: i32 = 392; // table: (group, slot) pairs out of a running competition
export const SLOT_CANDIDATES: i32 = 396; // table: agents of a run
export const SLOT_PENDING_AGENTS: i32 = 400; // table: agents that asked for a run
export const SLOT_PENDING_ALL: i32 = 403;
export const SLOT_RUN: i32 = 404; // number of the run
export const SLOT_AVAILABLE_HEADROOM: i32 = 405; // vectors
export const SLOT_REQUIRED_HEADROOM: i32 = 406;
export const SLOT_LIMIT_LEFT: i32 = 407;
export const SLOT_HEADROOM_LEFT: i32 = 408;
export const SLOT_GUARANTEE_LEFT: i32 = 409;
export const SLOT_SEQUENCE: i32 = 410;
export const SLOT_INVERSE_FREE: i32 = 411;
export const SLOT_STARVED: i32 = 412; // table: roles out of a run because of their limits
export const SLOT_WAITING: i32 = 416; // table: roles whose guarantee is not met
export const SLOT_RANDOM: i32 = 420; // table: roles with their chances, see random-sorter.ts
export const SLOT_SHUFFLED: i32 = 424; // candidates are shuffled (the seed is not 0)
export const SLOT_MARKS: i32 = 426; // address, words: kinds in use
export const SLOT_EMPTY: i32 = 428; // address: bits of agents that have nothing free
export const SLOT_TALLY: i32 = 430; // vector: given on the fast path, not yet counted for roles
export const SLOT_LOANS: i32 = 432; // table: offers of a trial, see trial.ts
export const SLOT_LOANED_WEIGHTS: i32 = 436; // table: nodes with a weight for a trial
export const SLOT_ORPHANS: i32 = 440; // table: refusals of roles that their framework has left

// Matcher.
export const SLOT_MATCH: i32 = 448; // address of the request's block
export const SLOT_MATCH_SIZE: i32 = 449;
