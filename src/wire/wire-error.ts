/**
 * Whether text or bytes could not be taken apart at all (`parse`), or what they hold is no such
 * message (`convert`). Mesos words its answers by that. `bound`: it is larger than anything that is
 * taken here.
 */
export type WireStage = 'parse' | 'convert' | 'bound';

/**
 * What came from a peer, or was to be sent to one, is not a message. The text may be shown to the
 * peer.
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
