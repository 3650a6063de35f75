// The carriers of a program's connections, that is how their bytes are transported. They are
// created once, where the program is put together, and handed to everything that accepts or opens
// connections, so that no connection is left out. TLS will be another pair of them; nothing else
// changes.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Dialer, plainDialer } from './dialer.ts';

/**
 * Makes the stream that an accepted socket carries, before its first byte is read. If it rejects,
 * because the two sides cannot agree, the connection is closed.
 */
export type Secure = (socket: Socket) => Promise<Duplex>;

export interface Carriers {
  readonly secure: Secure;
  readonly dialer: Dialer;
}

/** TCP without encryption. */
export const plainCarriers: Carriers = {
  secure: (socket) => Promise.resolve(socket),
  dialer: plainDialer,
};
