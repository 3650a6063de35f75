// The machines of --hosts: names and addresses by which others connect to them.
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { FlagError, readEach } from '../flags/faults.ts';

/** The names and addresses of one machine; files are named after the first. */
export type MachineNames = readonly [string, ...string[]];

/** A part of a host name, between its dots (RFC 1123). */
const LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i;
/** The most that a host name has (RFC 1035). */
const MOST_NAME_CHARACTERS = 253;
/** So many names has a certificate at most: peers look through all of them. */
const MOST_NAMES = 100;

/** Throws FlagError about all that are wrong. */
export function machinesOf(texts: readonly string[]): readonly MachineNames[] {
  const machines = readEach(texts, machineOf);
  const firsts = machines.map(([first]) => first.toLowerCase());
  const twice = firsts.find((first, index) => firsts.indexOf(first) !== index);
  if (machines.length === 0 || twice !== undefined) {
    throw new FlagError(
      twice === undefined
        ? '--hosts expects the names of machines, got none'
        : `--hosts has two machines whose first name is ${twice}`,
    );
  }
  return machines;
}

/** Throws FlagError. */
function machineOf(text: string): MachineNames {
  const [first = '', ...others] = text.split('/').map((name) => name.trim());
  for (const name of [first, ...others]) {
    if (isIP(name) === 0 && !isHostName(name)) {
      throw new FlagError(
        `--hosts expects names and IP addresses of machines, as in one.example.com/10.0.0.1, got '${name}'`,
      );
    }
  }
  if (others.length >= MOST_NAMES) {
    throw new FlagError(`--hosts: ${first} has more than ${MOST_NAMES} names`);
  }
  return [first, ...others];
}

/** A name of figures only would be taken for an address by some. */
const isHostName = (text: string) =>
  text.length <= MOST_NAME_CHARACTERS &&
  text.split('.').every((part) => LABEL.test(part)) &&
  /[a-z]/i.test(text);

/** This machine, with its addresses but for those that are good on its own links only. */
export function thisMachine(): MachineNames {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ family, internal }) => family === 'IPv4' && !internal),
  );
  const own = hostname();
  return [
    ...(isHostName(own) && own !== 'localhost' ? [own, 'localhost'] : ['localhost']),
    '127.0.0.1',
    ...addresses.map(({ address }) => address),
  ] as unknown as MachineNames;
}
