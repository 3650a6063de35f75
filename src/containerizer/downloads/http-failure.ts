// Why a download over HTTP failed, in libcurl's words, which people search for, and with the cause.

export class HttpFailure extends Error {
  readonly detail: string;

  constructor(text: string, detail: string, cause?: unknown) {
    super(text, { cause });
    this.detail = detail;
  }
}

/** What Node says of the connection that failed. */
interface NodeError extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  /** Of OpenSSL. */
  readonly reason?: string;
}

/** The authorities of the machine are believed in any case. */
const NODE_ADVICE = /; if the root CA is installed locally, .*$/;

/** In OpenSSL's own line, `error:CODE:SSL routines:FUNCTION:REASON:…`, all that an EPROTO has. */
const OPENSSL_REASON = /:SSL routines:[^:]*:([^:]+):/;

/** Undefined where it was not the proxy that failed, as far as is known. */
export function proxyFailure(error: unknown, proxy: string | undefined): HttpFailure | undefined {
  const url = proxy === undefined ? null : URL.parse(proxy);
  const { code, syscall, hostname, port, message } = firstOf(error) as NodeError;
  if (url === null) {
    return undefined;
  }
  // Without its user and password.
  const named = `the proxy ${url.protocol}//${url.host}`;
  if (code === 'ERR_PROXY_TUNNEL') {
    return new HttpFailure(
      'Failure when receiving data from the peer',
      `${named} refuses: ${message.replace(/^.*: (?=HTTP)/, '')}`,
      error,
    );
  }
  if (hostname !== undefined && hostname === url.hostname) {
    return new HttpFailure("Couldn't resolve proxy name", `${named}: ${message}`, error);
  }
  const usualPort = url.protocol === 'https:' ? 443 : 80;
  return syscall === 'connect' && port === Number(url.port || usualPort)
    ? new HttpFailure("Couldn't connect to server", `${named}: ${message}`, error)
    : undefined;
}

/** `hasBegun`: whether the answer's head has arrived. */
export function explained(error: unknown, hasBegun: boolean): HttpFailure {
  if (error instanceof HttpFailure) {
    return error;
  }
  const { code = '', syscall, message, reason } = firstOf(error) as NodeError;
  const failure = (text: string, detail: string) => new HttpFailure(text, detail, error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return failure("Couldn't resolve host name", `name not found: ${message}`);
  }
  if (code === 'ECONNREFUSED') {
    return failure("Couldn't connect to server", `connection refused: ${message}`);
  }
  if (syscall === 'connect') {
    return failure("Couldn't connect to server", message);
  }
  if (hasBegun && (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')) {
    return failure('Transferred a partial file', 'the connection ended before the file did');
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    const why = reason ?? OPENSSL_REASON.exec(message)?.[1] ?? code;
    return failure('SSL connect error', `TLS protocol: ${why}`);
  }
  if (/CERT|SIGNED|SIGNATURE|ISSUER|ERR_TLS/.test(code)) {
    const text = 'SSL peer certificate or SSH remote key was not OK';
    return failure(text, `certificate: ${message.replace(NODE_ADVICE, '')}`);
  }
  if (code.startsWith('HPE_')) {
    return failure('Weird server reply', `${message} (${code})`);
  }
  return syscall === 'write' || syscall === 'open'
    ? failure('Failed writing received data to disk/application', message)
    : failure('Failure when receiving data from the peer', message);
}

/** The first error, where all addresses of a host name have failed. */
const firstOf = (error: unknown): unknown =>
  error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
