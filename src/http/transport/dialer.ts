// How connections to other processes are opened. The sender of bytes sees a stream, not what
// carries it.
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { parseAddress } from '../../model/address.ts';

/** An outgoing connection. It may be written to at once: what is written leaves when it is open. */
export interface Dialed extends Duplex {
  /** Calls back when nothing has moved for so long, in milliseconds; 0: no more. */
  setTimeout(timeoutMs: number, callback?: () => void): this;
}

export interface DialOptions {
  /** Called once, when the other side has accepted. Where it does not, `error` and `close` come. */
  readonly onOpen?: (() => void) | undefined;
  /** Nothing that the other side sends is looked at. */
  readonly ignoresInput?: boolean | undefined;
}

export interface Dialer {
  /** Opens a connection to `ip:port`. What is no address fails as a connection that is refused. */
  dial(address: string, options?: DialOptions): Dialed;
}

/** What is ignored goes into the same place for all connections. */
const IGNORED = { buffer: Buffer.allocUnsafe(64 * 1024), callback: () => true };

/** Connections without encryption. */
export const plainDialer: Dialer = {
  dial(address, { onOpen, ignoresInput } = {}) {
    const { host, port } = parseAddress(address) ?? { host: '', port: 0 };
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      ...(ignoresInput === true && { onread: IGNORED }),
    });
    if (onOpen) {
      socket.once('connect', onOpen);
    }
    if (ignoresInput === true) {
      socket.resume();
    }
    return socket;
  },
};
