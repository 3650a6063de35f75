// The first request of a connection as bytes, and how it goes on: with credentials, and alone, so
// that no second one on the same connection lacks them.
const HEAD_END = '\r\n\r\n';
const REQUEST_LINE = /^[A-Z]+ (\S+) HTTP\/1\.[01]\r\n/;
/** The most bytes that are waited for. */
const MOST_BYTES = 8 * 1024 * 1024;

export class ForwardedRequest {
  readonly path: string;
  /** Where there is no telling how long it is, what has come of it. */
  readonly body: Buffer;
  readonly #head: string;

  private constructor(path: string, head: string, body: Buffer) {
    this.path = path;
    this.body = body;
    this.#head = head;
  }

  /** Whether what has come is a whole request, or the head of one of unknown length. */
  static isWhole(bytes: Buffer): boolean {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 || bytes.length > MOST_BYTES) {
      return bytes.length > MOST_BYTES;
    }
    const length = /^content-length: *(\d+)\r?$/im.exec(bytes.toString('latin1', 0, end))?.[1];
    return bytes.length >= end + HEAD_END.length + Number(length ?? 0);
  }

  /** Undefined: it is something else. */
  static read(bytes: Buffer): ForwardedRequest | undefined {
    const end = bytes.indexOf(HEAD_END) + HEAD_END.length;
    const head = bytes.toString('latin1', 0, end);
    const path = REQUEST_LINE.exec(head)?.[1];
    return path === undefined ? undefined : new ForwardedRequest(path, head, bytes.subarray(end));
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: *(.*)\\r$`, 'im').exec(this.#head)?.[1];
  }

  /** Credentials of its own go on as they are. */
  with(authorization: string | undefined): Buffer {
    const line = this.#head.indexOf('\r\n') + 2;
    const isOwn = authorization === undefined || this.header('authorization') !== undefined;
    const fields = this.#head.slice(line).replaceAll(/^connection:.*\r\n/gim, '');
    const added = [...(isOwn ? [] : [`Authorization: ${authorization}`]), 'Connection: close', ''];
    const head = this.#head.slice(0, line) + added.join('\r\n') + fields;
    return Buffer.concat([Buffer.from(head, 'latin1'), this.body]);
  }
}
