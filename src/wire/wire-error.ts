/**
 * At which stage reading failed: the text or bytes could not be parsed (`parse`), they are no such
 * message (`convert`), or they exceed a bound (`bound`). Mesos words its responses accordingly.
 */
export type WireStage = 'parse' | 'convert' | 'bound';

/**
 * Bytes of a peer, or values to be sent to one, are not a valid message. The text may be shown to
 * the peer.
 */
export class WireError extends Error {
  readonly code = 'ERR_WIRE';
  override readonly name = 'WireError';
  readonly stage: WireStage;

  constructor(message: string, options: ErrorOptions & { readonly stage?: WireStage } = {}) {
    super(message, options);
    this.stage = options.stage ?? 'convert';
  }
}
