// Finds the master that an agent or framework is told to use: `host:port`, as it stands or in a file.
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { FlagError } from './flags/parse.ts';

export interface MasterAddress {
  readonly ip: string;
  readonly port: number;
}

const DEFAULT_PORT = 5050;

/** Throws FlagError when the text is no address, or the name has none. */
export async function findMaster(text: string): Promise<MasterAddress> {
  const trimmed = text
    .trim()
    .replace(/^http:\/\//, '')
    .replace(/\/$/, '');
  if (trimmed.startsWith('zk://')) {
    throw new FlagError('--master=zk://… is not supported yet: give host:port');
  }
  const match = /^(?:master@)?([\w.-]+)(?::(\d{1,5}))?$/.exec(trimmed);
  const host = match?.[1];
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new FlagError(`--master expects host:port, got '${text}'`);
  }
  if (isIPv4(host)) {
    return { ip: host, port };
  }
  try {
    return { ip: (await lookup(host, 4)).address, port };
  } catch {
    throw new FlagError(`--master: the name ${host} has no address`);
  }
}
