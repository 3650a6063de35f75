// A way to a server, by TCP, that breaks when it is told to: after a request was passed on, and
// before its answer comes back.
import { connect, createServer, type Server, type Socket } from 'node:net';

export class BreakingWay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #text: string | undefined;
  #breaks = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `to` is `host:port`. */
  static async open(to: string): Promise<BreakingWay> {
    const [host = '', port = ''] = to.split(':');
    const server = createServer((near) => way.#join(near, connect(Number(port), host)));
    const way = new BreakingWay(server);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return way;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** How often it has broken. */
  get breaks(): number {
    return this.#breaks;
  }

  /** The connection of the next request that has the text in it breaks before an answer. */
  breakAfter(text: string): void {
    this.#text = text;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    let isBroken = false;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (data) => {
      far.write(data);
      if (this.#text !== undefined && data.includes(this.#text)) {
        this.#text = undefined;
        this.#breaks++;
        isBroken = true;
      }
    });
    far.on('data', (data) => {
      if (isBroken) {
        near.destroy();
      } else {
        near.write(data);
      }
    });
  }
}
