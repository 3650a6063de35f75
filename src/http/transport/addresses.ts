// Where a connection comes from: its IP address, and the place that bounds are counted by.
import { networkInterfaces } from 'node:os';

/** Node writes IPv4 addresses of a socket that listens for both kinds as IPv6. */
export const plainIp = (ip: string) => (ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip);

/**
 * The machine itself has millions of loopback addresses, and anybody on it all of them: one place.
 */
export const placeOf = (ip: string) =>
  plainIp(ip).startsWith('127.') ? '127.0.0.0/8' : plainIp(ip);

/** An address of this machine: each of its processes may send from any of them. */
export function isOwn(ip: string): boolean {
  return (
    ip.startsWith('127.') ||
    Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === ip))
  );
}
