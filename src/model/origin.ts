// Where something comes from: an IP address, or the pid that a message names, which may be any
// text; and the place by which bounds are counted.

/** Characters of an origin that are kept: those of a pid, and more. */
const MAX_ORIGIN = 256;

export const cutOrigin = (origin: string) => origin.slice(0, MAX_ORIGIN);

/** The address without the IPv6 prefix that Node adds on sockets for both kinds. */
export const plainIp = (ip: string) => (ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip);

/** The address alone, of a pid too: a process can have any number of ports and ids. */
export const ipIn = (origin: string) => /^[^@]*@(.*):\d*$/.exec(origin)?.[1] ?? plainIp(origin);

/**
 * The place of an address. All loopback addresses are one place, for any process of the machine can
 * use millions of them.
 */
export const placeOf = (ip: string) =>
  plainIp(ip).startsWith('127.') ? '127.0.0.0/8' : plainIp(ip);

/** The same, all of a /64 as one: whoever has one address of IPv6 has 2^64 of them. */
export function networkOf(ip: string): string {
  const place = placeOf(ip);
  if (!place.includes(':')) {
    return place;
  }
  const [before = ''] = place.split('::', 1);
  const groups = before === '' ? [] : before.split(':');
  return `${[...groups, '0', '0', '0', '0'].slice(0, 4).join(':')}::/64`;
}
