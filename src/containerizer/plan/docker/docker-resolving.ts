// How a container of type DOCKER that is in a network finds addresses for names: as the network or
// the operator says, or as the machine does, without servers that only the machine itself reaches.
import { resolverText } from '../../networks/name-files.ts';
import type { NetworkDns } from '../network.ts';

/** Docker's, where the machine has none that a container reaches. */
const USUAL_SERVERS = ['8.8.8.8', '8.8.4.4'];

/** Where systemd-resolved tells of the servers that it asks itself. */
const OF_RESOLVED = '/run/systemd/resolve/resolv.conf';
const RESOLVED = '127.0.0.53';

interface Resolving {
  /** The container's own. */
  readonly addresses: readonly string[];
  readonly dns: NetworkDns | undefined;
}

/** The text of its resolv.conf. `text`: of a file of the machine, empty where that is missing. */
export function resolvingIn({ addresses, dns }: Resolving, text: (path: string) => string): string {
  if (dns !== undefined && dns.nameservers.length > 0) {
    return resolverText(dns);
  }
  const own = text('/etc/resolv.conf').trimEnd().split('\n');
  const isResolved = serversIn(own).join() === RESOLVED;
  const lines = isResolved ? text(OF_RESOLVED).trimEnd().split('\n') : own;
  const hasIpv6 = addresses.some(isIpv6);
  const reached = lines.filter((line) => {
    const server = serverIn(line);
    return server === undefined || isReached(server, hasIpv6);
  });
  const usual = serversIn(reached).length > 0 ? [] : USUAL_SERVERS;
  return [...reached, ...usual.map((it) => `nameserver ${it}`)].filter(Boolean).join('\n');
}

const serverIn = (line: string) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1];

/** By the lines of a resolv.conf. */
export const serversIn = (lines: readonly string[]): string[] =>
  lines.map(serverIn).filter((it) => it !== undefined);

const isIpv6 = (address: string) => address.includes(':');

const isReached = (server: string, hasIpv6: boolean): boolean =>
  isIpv6(server) ? hasIpv6 && server !== '::1' : !server.startsWith('127.');
