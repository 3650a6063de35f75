// A client's connections, kept for its next request to the same address.
import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { formatAddress } from '../../model/address.ts';
import type { Dialed, Dialer } from '../transport/dialer.ts';

/** How long a connection is kept without a request. */
const IDLE_MS = 5_000;

export class KeptConnections extends Agent {
  readonly #dialer: Dialer;

  constructor(dialer: Dialer, options: AgentOptions = {}) {
    super({ keepAlive: true, timeout: IDLE_MS, ...options });
    this.#dialer = dialer;
  }

  override createConnection({ host, port }: ClientRequestArgs): Dialed {
    return this.#dialer.dial(formatAddress({ host: host ?? '', port: Number(port) }));
  }
}
