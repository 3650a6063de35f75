// The origin of a connection: its IP address, and the place by which bounds are counted.
import { networkInterfaces } from 'node:os';

/** The address without the IPv6 prefix that Node adds on sockets for both kinds. */
export const plainIp = (ip: string) => (ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip);

/** The address alone, of a pid too: a process can have any number of ports and ids. */
export const addressIn = (origin: string) =>
  /^[^@]*@(.*):\d*$/.exec(origin)?.[1] ?? plainIp(origin);

/**
 * The place of an address. All loopback addresses are one place, for any process of the machine can
 * use millions of them.
 */
export const placeOf = (ip: string) =>
  plainIp(ip).startsWith('127.') ? '127.0.0.0/8' : plainIp(ip);

/** Whether it is an address of this machine, from which each of its processes may send. */
export function isOwn(ip: string): boolean {
  return (
    ip.startsWith('127.') ||
    Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === ip))
  );
}
