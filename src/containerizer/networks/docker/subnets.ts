// Which addresses containers of type DOCKER get in the network BRIDGE: of docker's own, the first
// ones that this machine has no other use for.
import { ipv4Number, ipv4Text } from '../../../model/ip-address.ts';

/** Addresses with the same first bits. */
export interface Subnet {
  /** The lowest one, as a number. */
  readonly first: number;
  /** How many bits they share. */
  readonly bits: number;
}

/** Addresses that somebody has. */
export interface Used extends Subnet {
  /** The link of the machine that leads there, where that is known. */
  readonly link?: string;
}

/** `ADDRESS/BITS`; undefined for any other text, and for an address that is not the lowest one. */
export function subnetIn(text: string): Subnet | undefined {
  const [, address = '', digits] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const first = ipv4Number(address);
  const bits = Number(digits);
  return first !== undefined && bits <= 32 && first % sizeOf(bits) === 0
    ? { first, bits }
    : undefined;
}

export const subnetText = ({ first, bits }: Subnet): string => `${ipv4Text(first)}/${bits}`;

const sizeOf = (bits: number): number => 2 ** (32 - bits);

/** Whether they have an address in common. */
const meet = (one: Subnet, other: Subnet): boolean =>
  one.first < other.first + sizeOf(other.bits) && other.first < one.first + sizeOf(one.bits);

/** From the kernel's list, /proc/net/route, without those to everywhere. */
export const routesIn = (text: string): Used[] =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .flatMap(([link = '', destination = '', , , , , , mask = '']) =>
      destination === '' || mask === '' || mask === EVERYWHERE
        ? []
        : [{ link, first: kernelNumber(destination), bits: onesIn(kernelNumber(mask)) }],
    );

const EVERYWHERE = '00000000';

/** Bytes as they are in memory, of a machine whose lowest one is first. */
const kernelNumber = (hex: string): number =>
  Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE();

const onesIn = (mask: number): number => 32 - Math.log2(2 ** 32 - mask);

/** 172.17.0.0/16 to 172.31.0.0/16. */
const USUAL: readonly Subnet[] = Array.from({ length: 15 }, (_, index) => ({
  first: (172 * 256 + 17 + index) * 256 * 256,
  bits: 16,
}));

/** That of the bridge, where it is there already. Undefined where others have them all. */
export function freeSubnet(used: readonly Used[], bridge: string): Subnet | undefined {
  const own = used.find(({ link }) => link === bridge);
  return own ?? USUAL.find((it) => !used.some((other) => meet(it, other)));
}
