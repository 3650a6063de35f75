// A request as bytes, the first of those that have come on a connection, and how it goes on: with
// credentials.
const HEAD_END = '\r\n\r\n';
const REQUEST_LINE = /^[A-Z]+ (\S+) HTTP\/1\.[01]\r\n/;
/** The most bytes that are waited for. */
const MOST_BYTES = 8 * 1024 * 1024;

export class ForwardedRequest {
  /** Empty: it is no request. */
  readonly path: string;
  /** Where there is no telling how long it is, what has come of it. */
  readonly body: Buffer;
  /** All that comes afterwards belongs to it. */
  readonly isLast: boolean;
  readonly #head: string;

  private constructor(head: string, body: Buffer, isLast: boolean) {
    this.path = REQUEST_LINE.exec(head)?.[1] ?? '';
    this.body = body;
    this.isLast = isLast;
    this.#head = head;
  }

  /** Undefined: more must come. Of one whose length cannot be told the head is enough. */
  static first(bytes: Buffer): ForwardedRequest | undefined {
    const end = bytes.indexOf(HEAD_END) + HEAD_END.length;
    if (end < HEAD_END.length) {
      return bytes.length > MOST_BYTES ? new ForwardedRequest('', bytes, true) : undefined;
    }
    const head = bytes.toString('latin1', 0, end);
    const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
    const isOpen = /^transfer-encoding:/im.test(head) || length > MOST_BYTES;
    if (isOpen || !REQUEST_LINE.test(head)) {
      return new ForwardedRequest(head, bytes.subarray(end), true);
    }
    return bytes.length < end + length
      ? undefined
      : new ForwardedRequest(head, bytes.subarray(end, end + length), false);
  }

  /** How many of the bytes it has. */
  get size(): number {
    return this.#head.length + this.body.length;
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: *(.*)\\r$`, 'im').exec(this.#head)?.[1];
  }

  /**
   * Credentials of its own go on as they are. After one whose end is not known the connection is
   * closed, so that no other on it lacks them.
   */
  with(authorization: string | undefined): Buffer {
    const line = this.#head.indexOf('\r\n') + 2;
    const isOwn = authorization === undefined || this.header('authorization') !== undefined;
    const fields = this.#head.slice(line);
    const others = this.isLast ? fields.replaceAll(/^connection:.*\r\n/gim, '') : fields;
    const added = [
      ...(isOwn ? [] : [`Authorization: ${authorization}\r\n`]),
      ...(this.isLast ? ['Connection: close\r\n'] : []),
    ];
    const head = this.#head.slice(0, line) + added.join('') + others;
    return Buffer.concat([Buffer.from(this.path === '' ? this.#head : head, 'latin1'), this.body]);
  }
}
