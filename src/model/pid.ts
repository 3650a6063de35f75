// The address of a process in Mesos's transport: `id@ip:port`.
import { type Address, formatAddress, parseAddress } from './address.ts';

export interface Pid extends Address {
  /** The process, such as `master` or `slave(1)`. */
  readonly id: string;
}

export function parsePid(text: string): Pid | undefined {
  const at = text.indexOf('@');
  const address = at > 0 ? parseAddress(text.slice(at + 1)) : undefined;
  return address && { id: text.slice(0, at), ...address };
}

/** The `ip:port` of a pid: connections are opened to it, and several processes may share it. */
export const addressOf = formatAddress;
