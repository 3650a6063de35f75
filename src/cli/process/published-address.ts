// The address on which a master or agent listens, and the address and name by which others reach
// it.
import { execFileSync } from 'node:child_process';
import { lookupService } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { hostname as machineName, networkInterfaces } from 'node:os';
import { FlagError, FlagFaults, LastingFlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { SHARED_FLAGS } from './shared-flags.ts';

export type AddressFlags = Pick<
  FlagValues<typeof SHARED_FLAGS>,
  'ip' | 'ip_discovery_command' | 'advertise_ip' | 'advertise_port' | 'hostname' | 'hostname_lookup'
> & { readonly port: number };

export interface PublishedAddress {
  readonly listenIp: string;
  readonly listenPort: number;
  readonly ip: string;
  readonly port: number;
  readonly hostname: string;
}

const ANY = '0.0.0.0';
/** A name server that does not answer must not keep a cluster from starting. */
const LOOKUP_MS = 2000;

/** Throws FlagError. */
export async function publishedAddress(flags: AddressFlags): Promise<PublishedAddress> {
  const faults = new FlagFaults();
  const listen = faults.read(() => {
    if (flags.ip !== undefined && flags.ip_discovery_command !== undefined) {
      throw new FlagError('--ip and --ip_discovery_command cannot be used together');
    }
    return flags.ip_discovery_command === undefined
      ? checkedIp('ip', flags.ip ?? ANY)
      : discovered(flags.ip_discovery_command);
  });
  const published = faults.read(() =>
    checkedIp('advertise_ip', flags.advertise_ip ?? reachable(listen.value)),
  );
  faults.end();
  const [listenIp, ip] = [listen.value, published.value];
  return {
    listenIp,
    listenPort: flags.port,
    ip,
    port: flags.advertise_port ?? flags.port,
    hostname: flags.hostname ?? (flags.hostname_lookup ? await nameOf(ip) : ip),
  };
}

const reachable = (listenIp: string) => (listenIp === ANY ? ownIp() : listenIp);

/**
 * Used if the flags have no valid address, so that the other flags are read before the program
 * ends.
 */
export const NO_ADDRESS: PublishedAddress = {
  listenIp: ANY,
  listenPort: 0,
  ip: ANY,
  port: 0,
  hostname: '',
};

/** The text, if it is an IP address. Throws FlagError. */
export function checkedIp(flag: string, ip: string): string {
  if (!isIPv4(ip)) {
    throw new LastingFlagError(`--${flag} expects an IPv4 address, got '${ip}'`);
  }
  return ip;
}

function discovered(command: string): string {
  let printed: string;
  try {
    printed = execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new FlagError(`--ip_discovery_command failed: ${(error as Error).message}`);
  }
  if (!isIPv4(printed)) {
    const shown = printed.length > 80 ? `${printed.slice(0, 77)}...` : printed;
    throw new FlagError(
      `--ip_discovery_command expects a command that prints an IPv4 address, but it prints '${shown}'`,
    );
  }
  return printed;
}

/** The machine's first address that others can reach; without a network, the loopback. */
function ownIp(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const others = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  return others?.address ?? '127.0.0.1';
}

const nameOf = async (ip: string) =>
  // Names of the loopback mean nothing to others.
  ip.startsWith('127.') ? ip : ((await knownName(ip)) ?? machineName());

/** The name that name servers have for an address; undefined if they do not answer in time. */
export async function knownName(ip: string): Promise<string | undefined> {
  const timeout = new Promise<undefined>((resolve) => {
    setTimeout(resolve, LOOKUP_MS, undefined).unref();
  });
  const found = lookupService(ip, 0).then(
    ({ hostname }) => hostname,
    () => undefined,
  );
  return Promise.race([found, timeout]);
}
