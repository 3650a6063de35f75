// The address of a process in Mesos's transport: `id@ip:port`.

export interface Pid {
  /** The process, such as `master` or `slave(1)`. */
  readonly id: string;
  /** IPv4 address or bracketed IPv6 address. */
  readonly host: string;
  readonly port: number;
}

export function parsePid(text: string): Pid | undefined {
  const at = text.indexOf('@');
  const colon = text.lastIndexOf(':');
  if (at <= 0 || colon < at + 2) {
    return undefined;
  }
  const port = Number(text.slice(colon + 1));
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    return undefined;
  }
  return { id: text.slice(0, at), host: text.slice(at + 1, colon), port };
}

export const formatPid = (pid: Pid) => `${pid.id}@${pid.host}:${pid.port}`;

/** `ip:port`: what a connection is opened to; many processes may share it. */
export const addressOf = (pid: Pid) => `${pid.host}:${pid.port}`;
