// Detects a master whose address is configured, as `host:port` or as a file that contains it. That
// master counts as the leader all the time.
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import type { LeadingMaster } from '../model/leading-master.ts';
import type { Detector } from './interface.ts';

export interface MasterAddress {
  readonly ip: string;
  readonly port: number;
}

const DEFAULT_PORT = 5050;

/** The text is no address of a master, or its host name has no IPv4 address. */
export class MasterAddressError extends Error {
  readonly code = 'MESOSCALE_MASTER_ADDRESS';
}

/** Reads the address and resolves its host name. Rejects with MasterAddressError. */
export async function findMaster(text: string): Promise<MasterAddress> {
  const trimmed = text
    .trim()
    .replace(/^http:\/\//, '')
    .replace(/\/$/, '');
  if (trimmed.startsWith('zk://')) {
    throw new MasterAddressError('--master=zk://… is not supported yet: give host:port');
  }
  const match = /^(?:master@)?([\w.-]+)(?::(\d{1,5}))?$/.exec(trimmed);
  const host = match?.[1];
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new MasterAddressError(`--master expects host:port, got '${text}'`);
  }
  if (isIPv4(host)) {
    return { ip: host, port };
  }
  try {
    return { ip: (await lookup(host, 4)).address, port };
  } catch {
    throw new MasterAddressError(`--master: the name ${host} has no address`);
  }
}

export class StaticDetector implements Detector {
  readonly #leader: LeadingMaster;

  constructor(leader: LeadingMaster) {
    this.#leader = leader;
  }

  watch(onLeader: (leader: LeadingMaster | undefined) => void): () => void {
    onLeader(this.#leader);
    return () => undefined;
  }
}
