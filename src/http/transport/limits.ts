// The bounds of requests and responses, for both readers: that of this room, for the two frequent
// kinds of requests, and node:http for all others; and what else these two go by.

/** The longest head that the reader of this room takes; a longer one is left to node:http. */
export const MAX_LEAN_HEAD_BYTES = 16 * 1024;
/** The longest head of any request; a longer one is answered with 431. */
export const MAX_HEAD_BYTES = 32 * 1024;
/** How long a head may take to arrive; then its connection is closed. */
export const HEAD_TIMEOUT_MS = 60_000;

/**
 * The largest body of a message between master and agent: the reregistration of an agent with ten
 * thousand large tasks is smaller. A larger one is answered with 413, and its connection closed.
 */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/**
 * The largest body of any other request: a reconciliation of a hundred thousand tasks is smaller. A
 * larger one is answered with 413, and its connection closed.
 */
export const MAX_CALL_BYTES = 16 * 1024 * 1024;

/**
 * A client that sends nothing of an unfinished request for this long has gone, or plays for time.
 */
export const REQUEST_STALL_MS = 60_000;
/** How long a request may take to arrive: enough for the largest body over a slow line. */
export const REQUEST_TOTAL_MS = 5 * 60_000;

/** The longest head of a response that is read here; a longer one is malformed. */
export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
/** The largest body of such a response: a line of text, or the states of operations. */
export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** How many connections the system keeps until they are accepted. */
export const LISTEN_BACKLOG = 4_096;
/** Options of accepted sockets: a client may close its side and still gets its response. */
export const ACCEPTING = { allowHalfOpen: true, noDelay: true } as const;

/** The first byte of a handshake of TLS (RFC 8446, section 5.1): that of no request. */
export const TLS_HANDSHAKE = 0x16;
