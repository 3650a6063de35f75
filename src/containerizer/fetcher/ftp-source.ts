// Asks FTP servers as libcurl does for Mesos: `ftps` is TLS from the first byte, a URI without a
// user means an anonymous one, and its path begins in the user's folder.
import { isIP } from 'node:net';
import { Client, FTPError } from 'basic-ftp';
import { decoded } from '../downloads/http-answer.ts';
import type { ArrivingFile } from './arriving-file.ts';
import { downloadError, fetchErrorOf } from './fetch-error.ts';

const PORT = 21;
const TLS_PORT = 990;
/** As in curl. */
const ANONYMOUS = { user: 'anonymous', password: 'ftp@example.com' };

/** One file of an FTP server. Its methods throw FetchError. */
export class FtpFile implements Disposable {
  readonly #client: Client;
  readonly #path: string;

  private constructor(client: Client, path: string) {
    this.#client = client;
    this.#path = path;
  }

  /** Connects and logs in. The signal ends the connection, at any time. */
  static async open(uri: string, signal: AbortSignal, beforeTls?: () => void): Promise<FtpFile> {
    const { host, port, user, password, path, isSecure } = ftpPlace(uri);
    if (isSecure) {
      beforeTls?.();
    }
    // It has no bound of time itself: whoever asks bounds how long nothing comes.
    const client = new Client(0);
    signal.addEventListener('abort', () => client.close(), { once: true });
    try {
      signal.throwIfAborted();
      await client.access({
        host,
        port,
        user,
        password,
        secure: isSecure ? 'implicit' : false,
        // Also the connections for data must be to this host; an address has no name to be sent.
        ...(isSecure && { secureOptions: { host, ...(!isIP(host) && { servername: host }) } }),
      });
      return new FtpFile(client, path);
    } catch (error) {
      client.close();
      throw answered(error);
    }
  }

  /** The size as the server tells it; undefined where it does not. */
  async bytes(): Promise<number | undefined> {
    try {
      return await this.#client.size(this.#path);
    } catch (error) {
      if (error instanceof FTPError) {
        return undefined;
      }
      throw answered(error);
    }
  }

  async send(to: ArrivingFile): Promise<void> {
    const bytes = await this.bytes();
    await to.expect(bytes ?? 0);
    try {
      await this.#client.downloadTo(to, this.#path);
    } catch (error) {
      throw answered(error);
    }
    if (bytes !== undefined && to.bytes !== bytes) {
      throw downloadError('Transferred a partial file', `${to.bytes} of ${bytes} bytes have come`);
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

interface FtpPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly path: string;
  readonly isSecure: boolean;
}

/** Throws FetchError for a URI that is none, or that would smuggle in a command. */
export function ftpPlace(uri: string): FtpPlace {
  // A URL's parser would take `?` and `#` for the end of the path, which they are not with FTP.
  const [, scheme = '', authority = '', path = ''] =
    /^(ftps?):\/\/([^/]*)\/(.*)$/is.exec(uri) ?? [];
  const url = URL.parse(`ftp://${authority}/`);
  if (url === null || url.hostname === '') {
    throw downloadError('URL using bad/illegal format or missing URL', 'the URI cannot be read');
  }
  const isSecure = scheme.toLowerCase() === 'ftps';
  const place = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (isSecure ? TLS_PORT : PORT) : Number(url.port),
    user: url.username === '' ? ANONYMOUS.user : decoded(url.username),
    password: url.username === '' ? ANONYMOUS.password : decoded(url.password),
    path: decoded(path),
    isSecure,
  };
  if (/\p{Cc}/u.test(place.user + place.password + place.path)) {
    throw downloadError(
      'URL using bad/illegal format or missing URL',
      'it has control characters, which no FTP command can have',
    );
  }
  return place;
}

/** What the server has answered, in libcurl's words. */
function answered(error: unknown): Error {
  if (!(error instanceof FTPError)) {
    return fetchErrorOf(error, false);
  }
  const words: Readonly<Record<number, string>> = {
    430: 'Login denied',
    530: 'Login denied',
    550: 'Remote file not found',
    551: 'Remote file not found',
    553: 'Access denied to remote resource',
  };
  const text = words[error.code] ?? 'FTP: weird server reply';
  return downloadError(text, `the server answered ${error.message}`, error);
}
