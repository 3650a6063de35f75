// Where a process listens: a host and a port, as text `host:port`; an IPv6 address stands in
// brackets.

export interface Address {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Undefined for what has no host, or no port from 1 to 65535. */
export function parseAddress(text: string): Address | undefined {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  const digits = text.slice(colon + 1);
  const port = Number(digits);
  const isPort = /^\d{1,5}$/.test(digits) && port > 0 && port < 65_536;
  return host !== '' && isPort ? { host, port } : undefined;
}

export const formatAddress = ({ host, port }: Address) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
