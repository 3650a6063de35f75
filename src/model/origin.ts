// Where something comes from: an IP address, or the pid that a message names; and the place by
// which bounds are counted.

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
