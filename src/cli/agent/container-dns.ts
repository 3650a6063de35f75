// --default_container_dns: what containers on networks of their own are told of names, where these
// do not say it.
import type { DefaultDns } from '../../containerizer/networks/cni/dns.ts';
import type { ContainerDns } from '../../containerizer/networks/container-dns.ts';
import type { NetworkDns } from '../../containerizer/plan/network.ts';
import { ipFamily } from '../../model/ip-address.ts';
import { FlagError } from '../flags/faults.ts';

/** Throws FlagError. */
export function containerDns(value: unknown): ContainerDns {
  const { mesos = [], docker = [], ...others } = recordOf('the flag', value ?? {});
  refuseOthers('the flag', others);
  return {
    cni: networksIn(listOf('mesos', mesos), ['CNI'], ['domain']),
    docker: networksIn(
      listOf('docker', docker).filter((it) => modeOf(it) !== 'BRIDGE'),
      ['USER'],
    ),
    dockerBridge: networksIn(
      listOf('docker', docker).filter((it) => modeOf(it) === 'BRIDGE'),
      ['BRIDGE'],
    ).others,
  };
}

const modeOf = (entry: unknown) => recordOf('an entry', entry).network_mode;

function networksIn(
  entries: readonly unknown[],
  modes: readonly string[],
  more: readonly string[] = [],
): DefaultDns {
  const named = new Map<string, NetworkDns>();
  let others: NetworkDns | undefined;
  for (const entry of entries) {
    const { network_mode: mode, network_name: name, dns, ...rest } = recordOf('an entry', entry);
    refuseOthers('an entry', rest);
    if (typeof mode !== 'string' || !modes.includes(mode)) {
      throw fault(`'network_mode' is expected to be ${modes.join(' or ')}, got ${shown(mode)}`);
    }
    if (name !== undefined && (typeof name !== 'string' || mode === 'BRIDGE')) {
      throw fault(`'network_name' of mode ${mode} cannot be ${shown(name)}`);
    }
    if (name === undefined ? others !== undefined : named.has(name)) {
      throw fault(
        `there are two entries for ${name === undefined ? 'all networks' : `network '${name}'`} of mode ${mode}`,
      );
    }
    const read = dnsIn(dns, more);
    if (name === undefined) {
      others = read;
    } else {
      named.set(name, read);
    }
  }
  return { networks: named, others };
}

function dnsIn(value: unknown, more: readonly string[]): NetworkDns {
  const { nameservers, search, options, domain, ...others } = recordOf("'dns'", value);
  refuseOthers("'dns'", more.includes('domain') || domain === undefined ? others : { domain });
  if (domain !== undefined && !isWord(domain)) {
    throw fault(`'dns.domain' is expected to be a name, got ${shown(domain)}`);
  }
  const addresses = wordsIn('nameservers', nameservers);
  const wrong = addresses.find((it) => ipFamily(it) === undefined);
  if (wrong !== undefined) {
    throw fault(`'dns.nameservers' are expected to be IP addresses, got ${shown(wrong)}`);
  }
  return {
    nameservers: addresses,
    search: wordsIn('search', search),
    options: wordsIn('options', options),
    ...(domain !== undefined && { domain }),
  };
}

/** Each becomes a part of a line. */
const isWord = (value: unknown): value is string =>
  typeof value === 'string' && /^[^\s]+$/.test(value);

function wordsIn(name: string, value: unknown = []): readonly string[] {
  const words = listOf(`dns.${name}`, value);
  if (!words.every(isWord)) {
    throw fault(`'dns.${name}' is expected to be a list of words, got ${shown(value)}`);
  }
  return words;
}

function listOf(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw fault(`'${name}' is expected to be a list, got ${shown(value)}`);
  }
  return value;
}

function recordOf(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(`${what} is expected to be an object, got ${shown(value)}`);
  }
  return value as Record<string, unknown>;
}

function refuseOthers(what: string, others: Readonly<Record<string, unknown>>): void {
  const [name] = Object.keys(others);
  if (name !== undefined) {
    throw fault(`${what} has no field '${name}'`);
  }
}

const shown = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 100);

const fault = (why: string) => new FlagError(`--default_container_dns: ${why}`);
