/** What came from a peer, or was to be sent to one, is not a message. The text may be shown to the peer. */
export class WireError extends Error {
  readonly code = 'ERR_WIRE';
  override readonly name = 'WireError';
}
