// A client's connections, kept for its next request to the same address.
import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { formatAddress } from '../../model/address.ts';
import { type Dialed, type Dialer, dialEither } from '../transport/dialer.ts';

/** How long a connection is kept without a request. */
const IDLE_MS = 5_000;

export class KeptConnections extends Agent {
  readonly #dialer: Dialer;

  constructor(dialer: Dialer, options: AgentOptions = {}) {
    super({ keepAlive: true, timeout: IDLE_MS, ...options });
    this.#dialer = dialer;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    tell?: (error: Error | null, stream: Duplex) => void,
  ): Dialed | undefined {
    const address = formatAddress({ host: host ?? '', port: Number(port) });
    if (this.#dialer.downgrades !== true || tell === undefined) {
      return this.#dialer.dial(address);
    }
    dialEither(this.#dialer, address).then(
      (stream) => tell(null, stream),
      tell as (error: Error) => void,
    );
    return undefined;
  }
}
