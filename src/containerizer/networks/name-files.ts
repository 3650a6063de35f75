// The files by which a container on a network of its own knows names: its own, and those of others.

import type { AttachedNetwork, NetworkDns } from '../plan/network.ts';
import type { VolumeMount } from '../plan/volume-mounts.ts';

/** In place of the machine's, also in files of the container's own. */
export function nameFiles({ hostname, infos, dns }: AttachedNetwork): VolumeMount[] {
  if (hostname === undefined) {
    return [];
  }
  return [
    textFile('hostname', `${hostname}\n`),
    textFile('hosts', hostsText(hostname, addressesOf(infos))),
    ...(dns === undefined ? [] : [textFile('resolv.conf', resolverText(dns))]),
  ];
}

const textFile = (name: string, text: string): VolumeMount => ({
  source: { kind: 'text', text },
  target: { top: '/etc', below: [name] },
  isReadOnly: false,
});

/** All addresses, in the order of the networks. */
export const addressesOf = (infos: AttachedNetwork['infos']): string[] =>
  infos.flatMap(({ ip_addresses = [] }) =>
    ip_addresses.flatMap(({ ip_address }) => ip_address ?? []),
  );

/** As in Mesos, the first IPv4 address; the first IPv6 address, too. */
function hostsText(hostname: string, addresses: readonly string[]): string {
  const isV6 = (address: string) => address.includes(':');
  const v4 = addresses.find((address) => !isV6(address));
  const v6 = addresses.find(isV6);
  return [
    '127.0.0.1 localhost',
    ...(v6 === undefined ? [] : ['::1 localhost']),
    ...[v4, v6].flatMap((address) => (address === undefined ? [] : [`${address} ${hostname}`])),
    '',
  ].join('\n');
}

/** In Mesos's order. */
export const resolverText = ({ nameservers, domain, search, options }: NetworkDns): string =>
  [
    ...(domain === undefined || domain === '' ? [] : [`domain ${domain}`]),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
    ...nameservers.map((address) => `nameserver ${address}`),
    '',
  ].join('\n');
