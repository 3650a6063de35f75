// The addresses of this machine.
import { networkInterfaces } from 'node:os';

/** Whether it is an address of this machine, from which each of its processes may send. */
export function isOwn(ip: string): boolean {
  return (
    ip.startsWith('127.') ||
    Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === ip))
  );
}
