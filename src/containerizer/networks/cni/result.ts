// What a plugin answers when it has attached a container: addresses, routes and names. It has
// looked otherwise in each age of the specification. Here it is of one shape, and can be told to
// the next plugin in that of its version.
import { isIP } from 'node:net';
import {
  type Fields,
  FormatError,
  fieldsOf,
  jsonOf,
  listOf,
  optionalFields,
  optionalText,
  textOf,
  textsOf,
} from '../../images/formats/fields.ts';
import type { NetworkDns } from '../../plan/network.ts';
import { checkValues } from './json-values.ts';
import { type CniVersion, cniVersionOf, isSince, KNOWN_VERSIONS } from './versions.ts';

export interface CniResult {
  readonly cniVersion: CniVersion;
  /** All of it, as the plugin has written it, with its version. */
  readonly raw: Fields;
  readonly interfaces: readonly Fields[];
  readonly ips: readonly CniAddress[];
  readonly routes: readonly Fields[];
  readonly dns: NetworkDns;
}

export interface CniAddress {
  readonly protocol: 'IPv4' | 'IPv6';
  readonly address: string;
  /** Bits of it that are the network's. */
  readonly prefix: number;
  readonly gateway?: string | undefined;
  /** The number of an entry of `interfaces`. */
  readonly interface?: number | undefined;
}

/** All of them become part of each status of a task. */
const MAX_ADDRESSES = 64;
/** These become lines of a file, and words of it. */
const WORD = /^[^\s\p{Cc}]+$/u;

/** `asked`: the version of the request. Throws FormatError or WireError. */
export const resultIn = (bytes: Uint8Array, asked: CniVersion): CniResult =>
  resultOf(fieldsOf(jsonOf(bytes), 'the result'), asked);

/** Of a result that does not say its version, it is that of the request. */
export function resultOf(raw: Fields, asked: CniVersion): CniResult {
  checkValues(raw);
  const text = optionalText(raw.cniVersion, 'cniVersion') ?? asked;
  const cniVersion = cniVersionOf(text);
  if (cniVersion === undefined) {
    throw new FormatError(`'cniVersion' must be one of ${KNOWN_VERSIONS}: '${text}'`);
  }
  const { ips, routes } = hasLists(cniVersion) ? listedIn(raw) : pairIn(raw);
  if (ips.length > MAX_ADDRESSES) {
    throw new FormatError(`it has ${ips.length} addresses, and at most ${MAX_ADDRESSES} are taken`);
  }
  return {
    cniVersion,
    raw: { ...raw, cniVersion },
    interfaces: listOf(raw.interfaces, 'interfaces').map((each, at) =>
      fieldsOf(each, `interfaces[${at}]`),
    ),
    ips,
    routes,
    dns: dnsOf(optionalFields(raw.dns, 'dns')),
  };
}

/**
 * Those of the container, IPv4 before IPv6: a plugin may also name addresses of links on the
 * machine, which have no `sandbox`.
 */
export function ownAddresses({ ips, interfaces }: CniResult): CniAddress[] {
  const inside = ips.filter(({ interface: link }) => {
    const { sandbox } = (link === undefined ? undefined : interfaces[link]) ?? { sandbox: true };
    return sandbox !== undefined && sandbox !== '';
  });
  const own = inside.length > 0 ? inside : ips;
  return own.toSorted((one, other) => one.protocol.localeCompare(other.protocol));
}

/** The result as plugins of another version expect that of the one before them. */
export function resultAs(result: CniResult, cniVersion: CniVersion): Fields {
  if (result.cniVersion === cniVersion) {
    return result.raw;
  }
  const { raw } = result;
  const dns = raw.dns === undefined ? {} : { dns: raw.dns };
  if (!hasLists(cniVersion)) {
    return { cniVersion, ...pairOf(result), ...dns };
  }
  if (!hasLists(result.cniVersion)) {
    return { cniVersion, ips: listOfIps(result, cniVersion), routes: result.routes, ...dns };
  }
  return { ...raw, cniVersion, ips: listOfIps(result, cniVersion) };
}

/** Before, there was one address of each protocol, and no links. */
const hasLists = (version: CniVersion) => isSince(version, '0.3.0');
/** Until then each address said its protocol. */
const hasPlainAddresses = (version: CniVersion) => isSince(version, '1.0.0');

function listedIn(raw: Fields) {
  return {
    ips: listOf(raw.ips, 'ips').map((each, at): CniAddress => {
      const place = `ips[${at}]`;
      const ip = fieldsOf(each, place);
      return {
        ...addressOf(ip.address, `${place}.address`),
        gateway: optionalText(ip.gateway, `${place}.gateway`),
        interface: indexOf(ip.interface, `${place}.interface`),
      };
    }),
    routes: routesOf(raw.routes, 'routes'),
  };
}

function pairIn(raw: Fields) {
  const ips: CniAddress[] = [];
  const routes: Fields[] = [];
  for (const name of ['ip4', 'ip6'] as const) {
    if (raw[name] !== undefined && raw[name] !== null) {
      const ip = fieldsOf(raw[name], name);
      const gateway = optionalText(ip.gateway, `${name}.gateway`);
      ips.push({ ...addressOf(ip.ip, `${name}.ip`), gateway });
      routes.push(...routesOf(ip.routes, `${name}.routes`));
    }
  }
  return { ips, routes };
}

function addressOf(value: unknown, place: string) {
  const text = textOf(value, place);
  const [address = '', bits = ''] = text.split('/');
  const family = isIP(address);
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || !(prefix <= (family === 4 ? 32 : 128)) || text !== `${address}/${bits}`) {
    throw new FormatError(
      `'${place}' must be an address with its prefix, as 10.1.0.5/16: '${text}'`,
    );
  }
  return { protocol: family === 4 ? ('IPv4' as const) : ('IPv6' as const), address, prefix };
}

/** Plugins of other languages write -1 for none. */
function indexOf(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null || value === -1) {
    return undefined;
  }
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new FormatError(`'${place}' must be the number of an interface, from 0 on`);
  }
  return value;
}

const routesOf = (value: unknown, place: string): Fields[] =>
  listOf(value, place).map((each, at) => {
    const route = fieldsOf(each, `${place}[${at}]`);
    textOf(route.dst, `${place}[${at}].dst`);
    return route;
  });

function dnsOf(dns: Fields): NetworkDns {
  const words = (name: string) =>
    textsOf(dns[name], `dns.${name}`).map((text) => wordOf(text, `dns.${name}`));
  const domain = optionalText(dns.domain, 'dns.domain');
  return {
    nameservers: words('nameservers'),
    ...(domain !== undefined && { domain: wordOf(domain, 'dns.domain') }),
    search: words('search'),
    options: words('options'),
  };
}

function wordOf(text: string, place: string): string {
  if (!WORD.test(text)) {
    throw new FormatError(`'${place}' must be without blanks: ${JSON.stringify(text)}`);
  }
  return text;
}

const listOfIps = ({ ips }: CniResult, version: CniVersion): Fields[] =>
  ips.map(({ protocol, address, prefix, gateway, interface: link }) => ({
    ...(!hasPlainAddresses(version) && { version: protocol === 'IPv4' ? '4' : '6' }),
    address: `${address}/${prefix}`,
    ...(gateway !== undefined && { gateway }),
    ...(link !== undefined && { interface: link }),
  }));

/** The first address of each protocol, with the routes of that. */
function pairOf({ ips, routes }: CniResult): Fields {
  const pair: Record<string, unknown> = {};
  for (const [name, protocol] of [
    ['ip4', 'IPv4'],
    ['ip6', 'IPv6'],
  ] as const) {
    const ip = ips.find((each) => each.protocol === protocol);
    if (ip !== undefined) {
      const own = routes.filter(({ dst }) => String(dst).includes(':') === (protocol === 'IPv6'));
      pair[name] = {
        ip: `${ip.address}/${ip.prefix}`,
        ...(ip.gateway !== undefined && { gateway: ip.gateway }),
        ...(own.length > 0 && {
          routes: own.map(({ dst, gw }) => ({ dst, ...(gw !== undefined && { gw }) })),
        }),
      };
    }
  }
  return pair;
}
