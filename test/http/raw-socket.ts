// A plain TCP client that collects what it receives, so that a test can wait for it.
import net, { type Socket } from 'node:net';

export class RawSocket {
  readonly socket: Socket;
  text = '';
  closed = false;
  #watchers: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RawSocket> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const raw = new RawSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return raw;
  }

  /** Resolves when the system has taken the bytes. */
  async write(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** What was received, as soon as it matches. */
  async until(fits: (text: string) => boolean): Promise<string> {
    while (!fits(this.text)) {
      if (this.closed) {
        throw new Error(`closed after: ${this.text}`);
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    return this.text;
  }

  async end(): Promise<string> {
    while (!this.closed) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    return this.text;
  }

  close(): void {
    this.socket.destroy();
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) {
      watcher();
    }
  }
}

export const count = (text: string, part: string) => text.split(part).length - 1;

/** The status codes of responses, in their order. */
export const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
