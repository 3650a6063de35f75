// A small FTP server: passive mode, one folder of files in memory, and faults on demand.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, TLSSocket } from 'node:tls';

export interface FtpFiles {
  readonly [path: string]: string | Buffer;
}

export interface FtpServerOptions {
  readonly files: FtpFiles;
  /** `user:password` of those who may log in; undefined: everybody. */
  readonly login?: string;
  /** TLS from the first byte. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** How many bytes of a file are sent before the server ends the transfer as if it were whole. */
  readonly cutAt?: number;
  /** Whether it says how large a file is. */
  readonly tellsSize?: boolean;
}

export class FtpServer implements AsyncDisposable {
  /** What clients have asked, without their passwords. */
  readonly commands: string[] = [];
  readonly #options: FtpServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: FtpServerOptions) {
    this.#options = options;
    const serve = (socket: Socket) => this.#serve(socket);
    this.#server =
      options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
    this.#server.on('connection', (socket: Socket) => this.#sockets.add(socket));
  }

  static async start(options: FtpServerOptions): Promise<FtpServer> {
    const server = new FtpServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(control: Socket): void {
    let user = '';
    let data: Promise<Socket> | undefined;
    const say = (text: string) => control.write(`${text}\r\n`);
    const answer = async (command: string, argument: string) => {
      const file = this.#options.files[argument.replace(/^\//, '')];
      switch (command) {
        case 'USER':
          user = argument;
          return say('331 and the password?');
        case 'PASS': {
          const { login } = this.#options;
          const isRight = login === undefined || login === `${user}:${argument}`;
          return say(isRight ? '230 come in' : '530 not you');
        }
        case 'TYPE':
        case 'STRU':
        case 'PBSZ':
        case 'PROT':
        case 'OPTS':
          return say('200 well');
        case 'FEAT':
          return say('211 nothing');
        case 'EPSV':
          data = this.#listen((port) => say(`229 here (|||${port}|)`));
          return undefined;
        case 'SIZE':
          return say(
            file === undefined || this.#options.tellsSize === false
              ? '550 who knows'
              : `213 ${file.length}`,
          );
        case 'RETR':
          return file === undefined || data === undefined
            ? say('550 there is none')
            : this.#send(file, await this.#begun(say, data), say);
        default:
          return say('502 what?');
      }
    };
    control.setEncoding('utf8').on('error', () => control.destroy());
    control.on('data', (lines: string) => {
      for (const line of lines.split('\r\n').filter(Boolean)) {
        const [, command = '', argument = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
        this.commands.push(command === 'PASS' ? 'PASS' : line);
        void answer(command, argument);
      }
    });
    say('220 welcome');
  }

  #begun(say: (text: string) => void, data: Promise<Socket>): Promise<Socket> {
    say('150 it comes');
    return data;
  }

  #send(file: string | Buffer, data: Socket, say: (text: string) => void): void {
    data.end(file.slice(0, this.#options.cutAt), () => say('226 that was all'));
  }

  /** One connection for data. */
  #listen(listening: (port: number) => void): Promise<Socket> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const { tls } = this.#options;
    const server = createServer((socket) => {
      server.close();
      this.#sockets.add(socket.on('error', () => socket.destroy()));
      resolve(
        tls === undefined
          ? socket
          : new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(tls) }),
      );
    });
    server.listen(0, '127.0.0.1', () => listening((server.address() as AddressInfo).port));
    return promise;
  }
}
