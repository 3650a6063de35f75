// How manual pages write verbs and their flags: as the help of a verb does.
import type { FlagTable } from '../src/cli/flags/flag.ts';
import { AGENT_CONNECTION_FLAGS } from '../src/cli/operate/connection/flags.ts';
import { isTls, without, writtenAs } from '../src/cli/operate/options.ts';
import { LIST_FLAGS } from '../src/cli/operate/output/flags.ts';
import type { Parameter, Verb } from '../src/cli/operate/verb.ts';

export type Flags = readonly (readonly [string, FlagTable[string]])[];

const SHARED: FlagTable = { ...AGENT_CONNECTION_FLAGS, ...LIST_FLAGS };

/** Those that nearly all verbs have, but for TLS's. */
export const sharedFlags: Flags = Object.entries(SHARED).filter(([name]) => !isTls(name));

export const ownFlags = ({ flags }: Verb): Flags =>
  Object.entries(flags).filter(([name]) => !(name in SHARED));

/** `-o`, and `--output FORMAT`. A toggle, as what it changes. */
export function spellings(name: string, flag: FlagTable[string]): string[] {
  const { isBoolean, defaultValue, short, placeholder } = flag;
  const long = `--${isBoolean && defaultValue === true ? 'no-' : ''}${writtenAs(name)}`;
  return [
    ...(short === undefined ? [] : [`-${short}`]),
    isBoolean ? long : `${long} ${placeholder}`,
  ];
}

/** Of a toggle that is on: what comes of turning it off. */
export const helpOf = ({ isBoolean, defaultValue, help }: FlagTable[string]): string =>
  isBoolean && defaultValue === true ? without(help) : help;

/** `mesoscale agent show AGENT` */
export const usageOf = (noun: string, { name, parameters = [] }: Verb): string =>
  ['mesoscale', noun, ...(name === undefined ? [] : [name]), ...parameters.map(placed)].join(' ');

function placed({ name, isOptional = false, isMany = false }: Parameter): string {
  const text = isMany ? `${name}…` : name;
  return isOptional ? `[${text}]` : text;
}
