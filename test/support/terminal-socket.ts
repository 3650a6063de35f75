// A browser's side of a terminal: what it is sent, so that a test can wait for it.
import WebSocket, { type ClientOptions } from 'ws';

export class TerminalSocket {
  readonly socket: WebSocket;
  /** Text messages. */
  readonly told: Record<string, unknown>[] = [];
  output = '';
  /** Signs of life of the master. */
  pings = 0;
  /** The code of the end, or the status of a refused handshake. */
  ended: number | undefined;
  refusal = '';
  #watchers: (() => void)[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        this.output += data.toString();
      } else {
        this.told.push(JSON.parse(data.toString()));
      }
      this.#wake();
    });
    this.socket.on('close', (code) => this.#end(code));
    this.socket.on('error', () => this.#wake());
    this.socket.on('ping', () => {
      this.pings++;
      this.#wake();
    });
    this.socket.on('unexpected-response', (request, response) => {
      response.on('data', (piece: Buffer) => {
        this.refusal += piece;
      });
      response.on('close', () => {
        request.destroy();
        this.#end(response.statusCode ?? 0);
      });
      response.resume();
    });
  }

  /** Waits; the end of the terminal ends that, too. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      if (this.ended !== undefined) {
        throw new Error(
          `Ended with ${this.ended} ${this.refusal} after ${this.output} ${JSON.stringify(this.told)}`,
        );
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async end(): Promise<number> {
    while (this.ended === undefined) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    return this.ended;
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text));
  }

  resize(rows: number, columns: number): void {
    this.socket.send(JSON.stringify({ rows, columns }));
  }

  #end(code: number): void {
    this.ended ??= code;
    this.#wake();
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      watcher();
    }
  }
}
