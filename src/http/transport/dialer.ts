// Opens connections to other processes. Users of a connection see a stream, and not how it is
// carried.
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { parseAddress } from '../../model/address.ts';

/** An outgoing connection. Bytes can be written at once, and leave when it is open. */
export interface Dialed extends Duplex {
  /** Calls back when nothing was sent or received for `timeoutMs`; 0 cancels that. */
  setTimeout(timeoutMs: number, callback?: () => void): this;
}

export interface DialOptions {
  /**
   * Called once when the connection is open. If it cannot be opened, `error` and `close` follow.
   */
  readonly onOpen?: (() => void) | undefined;
  /** Whether everything that the other side sends is ignored. */
  readonly ignoresInput?: boolean | undefined;
  /** Called with the beginning of the first bytes, where the rest is ignored. */
  readonly onAnswer?: ((text: string) => void) | undefined;
}

export interface Dialer {
  /** Opens a connection to `ip:port`. A text that is no address fails like a refused connection. */
  dial(address: string, options?: DialOptions): Dialed;
  /**
   * Whether a connection may fail with `WITHOUT_TLS`: nothing was sent, and the next one to the
   * same address is not encrypted.
   */
  readonly downgrades?: boolean | undefined;
}

/** The code of such an error. */
export const WITHOUT_TLS = 'MESOSCALE_WITHOUT_TLS';

/** Opens a connection to what speaks TLS, or does not. Resolves when it is open. */
export async function dialEither(dialer: Dialer, address: string): Promise<Dialed> {
  try {
    return await dialOpen(dialer, address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== WITHOUT_TLS) {
      throw error;
    }
    return dialOpen(dialer, address);
  }
}

const dialOpen = (dialer: Dialer, address: string) =>
  new Promise<Dialed>((resolve, reject) => {
    const dialed = dialer.dial(address, { onOpen: () => resolve(dialed) });
    dialed.on('error', reject);
  });

/** Ignored bytes are read into one buffer for all connections. */
const ignored = Buffer.allocUnsafe(64 * 1024);
const MOST_ANSWER_BYTES = 1_024;

/** The option of Node by which all input is ignored, but for the beginning of an answer. */
export function ignoring({ ignoresInput, onAnswer }: DialOptions) {
  let tell = onAnswer;
  const callback = (bytes: number) => {
    tell?.(ignored.toString('latin1', 0, Math.min(bytes, MOST_ANSWER_BYTES)));
    tell = undefined;
    return true;
  };
  return ignoresInput === true ? { onread: { buffer: ignored, callback } } : {};
}

/** Opens connections without encryption. */
export const plainDialer: Dialer = {
  dial(address, options = {}) {
    const { onOpen, ignoresInput } = options;
    const { host, port } = parseAddress(address) ?? { host: '', port: 0 };
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      ...ignoring(options),
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
