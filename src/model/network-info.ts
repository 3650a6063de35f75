// What a NetworkInfo may say, whoever attaches the container: names of networks become names of
// files, and ports and addresses go to programs that change the machine's filters.
import type { NetworkInfo, NetworkInfo_PortMapping } from './generated/messages.ts';
import { ipFamily } from './ip-address.ts';

/** It becomes the name of a folder. */
const MOST_NAME = 255;

/** What is shown of a text that may be any. */
const SHOWN = 64;

const shown = (text: string) =>
  `'${JSON.stringify(text.slice(0, SHOWN)).slice(1, -1)}${text.length > SHOWN ? '…' : ''}'`;

/** Why no network has this name: those that CNI allows. */
export function networkNameError(name: string): string | undefined {
  return name.length <= MOST_NAME && /^[a-zA-Z0-9][\w.-]*$/.test(name)
    ? undefined
    : `${shown(name)} is not the name of a network: expected at most ${MOST_NAME} letters, digits, '_', '.' and '-', of which the first is a letter or a digit`;
}

const LAST_PORT = 65_535;

/** Each goes to plugins, on record, and into statuses. */
const MOST_ITEMS = 1_000;

/** In small letters. */
const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'];

/** Why no port can be mapped so. */
export function portMappingError(mapping: NetworkInfo_PortMapping): string | undefined {
  const { host_port, container_port, protocol = 'tcp' } = mapping;
  const wrong = [host_port, container_port].find((it) => it < 1 || it > LAST_PORT);
  if (wrong !== undefined) {
    return `the ports of a port mapping are from 1 to ${LAST_PORT}, and not ${wrong}`;
  }
  return PROTOCOLS.includes(protocol.toLowerCase())
    ? undefined
    : `the protocol of a port mapping is one of ${PROTOCOLS.join(', ')}, and not ${shown(protocol)}`;
}

/** Why any agent would refuse this; undefined where that depends on its networks. */
export function networkInfoError(info: NetworkInfo): string | undefined {
  const { name, ip_addresses = [], port_mappings = [], groups = [], labels } = info;
  const lists = { ip_addresses, port_mappings, groups, labels: labels?.labels ?? [] };
  const [long] = Object.entries(lists).filter(([, items]) => items.length > MOST_ITEMS);
  if (long !== undefined) {
    return `it has ${long[1].length} ${long[0]}: at most ${MOST_ITEMS} are expected`;
  }
  const wrongName = name === undefined ? undefined : networkNameError(name);
  if (wrongName !== undefined) {
    return wrongName;
  }
  for (const { ip_address: address = '' } of ip_addresses) {
    if (address !== '' && ipFamily(address) === undefined) {
      return `expected an IP address, not ${shown(address)}`;
    }
  }
  return port_mappings.map(portMappingError).find((it) => it !== undefined);
}
