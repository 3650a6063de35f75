// What the networks of a container say of names, or the operator in their place.
import type { NetworkDns } from '../../plan/network.ts';

/** `--default_container_dns`: for networks that name no servers. */
export interface DefaultDns {
  /** By the names of networks. */
  readonly networks: ReadonlyMap<string, NetworkDns>;
  readonly others: NetworkDns | undefined;
}

/** All that they say, in their order; of domains the last. Undefined: no server is named. */
export function mergedDns(
  networks: readonly { readonly name: string; readonly dns: NetworkDns }[],
  defaults: DefaultDns | undefined,
): NetworkDns | undefined {
  const said = networks.flatMap(({ name, dns }) => {
    const own = dns.nameservers.length > 0 ? dns : undefined;
    return own ?? defaults?.networks.get(name) ?? defaults?.others ?? [];
  });
  const nameservers = said.flatMap((dns) => dns.nameservers);
  return nameservers.length === 0
    ? undefined
    : {
        nameservers,
        domain: said.findLast(({ domain }) => domain !== undefined)?.domain,
        search: said.flatMap((dns) => dns.search),
        options: said.flatMap((dns) => dns.options),
      };
}
