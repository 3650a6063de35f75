// What carries the bytes of a program's connections: made once, where the program is put together,
// and handed to all that accepts connections or opens them, so that none is left out. With TLS they
// are another pair than these; nothing else changes.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Dialer, plainDialer } from './dialer.ts';

/**
 * What an accepted connection carries, before its first byte is read. Rejects, and the connection
 * ends, where the two sides cannot agree on that.
 */
export type Secure = (socket: Socket) => Promise<Duplex>;

export interface Carriers {
  readonly secure: Secure;
  readonly dialer: Dialer;
}

/** TCP as it is, without encryption. */
export const plainCarriers: Carriers = {
  secure: (socket) => Promise.resolve(socket),
  dialer: plainDialer,
};
