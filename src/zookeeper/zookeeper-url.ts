// Reads `zk://user:password@host:port,host:port/path`, the form in which Mesos's flags name an
// ensemble, and the folder there that is meant.

/** The text is no URL of an ensemble. Its message shows no password. */
export class ZooKeeperUrlError extends Error {
  readonly code = 'MESOSCALE_ZOOKEEPER_URL';
}

export interface ZooKeeperUrl {
  /** `host:port`, at least one. */
  readonly servers: readonly string[];
  /** `user:password`, for the digest scheme. */
  readonly credentials?: string | undefined;
  /** Begins with `/` and does not end with one, but for the root. */
  readonly path: string;
}

const SCHEME = 'zk://';
const DEFAULT_PORT = 2181;
const EXPECTED = 'expected zk://[user:password@]host1:port1,host2:port2/path';
/** More servers than any ensemble has. */
const MOST_SERVERS = 64;

/** Throws ZooKeeperUrlError. */
export function parseZooKeeperUrl(text: string): ZooKeeperUrl {
  const trimmed = text.trim();
  if (!trimmed.startsWith(SCHEME)) {
    throw new ZooKeeperUrlError(EXPECTED);
  }
  const rest = trimmed.slice(SCHEME.length);
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '/' : rest.slice(slash);
  const at = authority.lastIndexOf('@');
  const credentials = at < 0 ? undefined : authority.slice(0, at);
  if (credentials !== undefined && !/^[^:]+:/.test(credentials)) {
    throw new ZooKeeperUrlError(`${EXPECTED}, but what is before the @ is not user:password`);
  }
  const servers = authority
    .slice(at + 1)
    .split(',')
    .map(serverOf);
  if (servers.length > MOST_SERVERS) {
    throw new ZooKeeperUrlError(`An ensemble has at most ${MOST_SERVERS} servers`);
  }
  return { servers, credentials, path: pathOf(path) };
}

function serverOf(text: string): string {
  const match = /^([\w.-]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const host = match?.[1];
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new ZooKeeperUrlError(`${EXPECTED}, but a server is '${text.slice(0, 100)}'`);
  }
  return `${host}:${port}`;
}

function pathOf(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (path === '') {
    return '/';
  }
  const parts = path.slice(1).split('/');
  const isWrong = (part: string) =>
    part === '' || part === '.' || part === '..' || /\p{Cc}/u.test(part);
  if (parts.some(isWrong)) {
    throw new ZooKeeperUrlError(`'${path.slice(0, 100)}' cannot be a path in ZooKeeper`);
  }
  return path;
}
