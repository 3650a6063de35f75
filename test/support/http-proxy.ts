// A proxy for HTTP, and for connections with TLS (CONNECT), that may want to know who asks.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

export class HttpProxy {
  readonly address: string;
  /** What was asked of it: `CONNECT host:port` or `GET http://…`. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #tunnels = new Set<Duplex>();

  /** `login`: user:password, without which nothing is brought. */
  static async open(login?: string): Promise<HttpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HttpProxy(server, login);
  }

  private constructor(server: Server, login: string | undefined) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proof = login && `Basic ${Buffer.from(login).toString('base64')}`;
    const isKnown = ({ headers }: IncomingMessage) =>
      proof === undefined || headers['proxy-authorization'] === proof;
    server.on('request', (asked, answer) => {
      this.asked.push(`${asked.method} ${asked.url}`);
      if (!isKnown(asked)) {
        answer.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
        return;
      }
      const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = asked.headers;
      const further = request(asked.url ?? '', { method: asked.method, headers }, (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      further.on('error', () => answer.writeHead(502).end());
      asked.pipe(further);
    });
    server.on('connect', (asked, client) => {
      this.asked.push(`CONNECT ${asked.url}`);
      client.on('error', () => client.destroy());
      this.#tunnels.add(client);
      client.on('close', () => this.#tunnels.delete(client));
      if (!isKnown(asked)) {
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const [host = '', port] = (asked.url ?? '').split(':');
      const far = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(far).pipe(client);
      });
      far.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
      client.on('close', () => far.destroy());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    for (const tunnel of this.#tunnels) {
      tunnel.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }
}
