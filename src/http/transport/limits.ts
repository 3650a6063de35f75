// The bounds of requests and responses, whichever reader they come through: one of this room, which
// reads what comes by the thousand, or node:http, which reads everything else.

/** Longest head that a reader of this room takes; a longer one is left to node:http. */
export const MAX_LEAN_HEAD_BYTES = 16 * 1024;
/** Longest head of any request; a longer one is answered with 431. */
export const MAX_HEAD_BYTES = 32 * 1024;
/** How long a head may take to come; then its connection ends. */
export const HEAD_TIMEOUT_MS = 60_000;

/**
 * Largest body of a message between master and agent: an agent that comes back with ten thousand
 * large tasks stays below. A larger one is answered with 413, and its connection ends.
 */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/**
 * Largest body of anything else: a call that asks for the state of a hundred thousand tasks stays
 * below. A larger one is answered with 413, and its connection ends.
 */
export const MAX_CALL_BYTES = 16 * 1024 * 1024;

/** A client that sends nothing of a request for so long has gone, or plays for time. */
export const REQUEST_STALL_MS = 60_000;
/** How long a request may take to come: time for the largest body over a slow line. */
export const REQUEST_TOTAL_MS = 5 * 60_000;

/** Longest head of a response that is read here; a longer one is malformed. */
export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
/** Largest body of such a response: a line of text, or the states of operations. */
export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** Connections that the system keeps until they are accepted. */
export const LISTEN_BACKLOG = 4_096;
/** How connections are accepted: a client may end its side and still be answered. */
export const ACCEPTING = { allowHalfOpen: true, noDelay: true } as const;
