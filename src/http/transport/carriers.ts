// The carriers of a program's connections, that is how their bytes are transported. They are
// created once, where the program is put together, and handed to everything that accepts or opens
// connections, so that no connection is left out. Those of TLS are in tls.ts.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Stranger } from '../../model/process-effects.ts';
import { type Dialer, plainDialer } from './dialer.ts';

/**
 * Makes the stream that an accepted socket carries, before its first byte is read. If it rejects,
 * because the two sides cannot agree, the connection is closed.
 */
export type Secure = (socket: Socket) => Promise<Duplex>;

export interface Carriers {
  readonly secure: Secure;
  readonly dialer: Dialer;
  /** Whether a connection may be silent before `secure` is done, as without encryption. */
  readonly maySecureLate?: boolean | undefined;
  readonly metrics?: (() => Record<string, number>) | undefined;
  /** The certificate of the server at an address, `ip:port`, is expected to be one of this host. */
  readonly expect?: ((address: string, host: string) => void) | undefined;
  /** From now on, what an operator should know is told here. */
  readonly tell?: ((say: Say) => void) | undefined;
  /** From now on, clients that are refused for their certificates are told here. */
  readonly onRefused?: ((refused: Refused) => void) | undefined;
}

/** What is told of a client: where it is, why it is refused, and whom its certificate names. */
export type Refused = (ip: string, why: string, claimed: string | undefined) => void;

/** Writes a line to the log. */
export type Say = (level: 'info' | 'warn', text: string, stranger?: Stranger) => void;

/** TCP without encryption. */
export const plainCarriers: Carriers = {
  secure: (socket) => Promise.resolve(socket),
  dialer: plainDialer,
};
