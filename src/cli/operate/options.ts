// The flags of a verb as options of commander, which splits the command line; their values are read
// as those of all other flags of ours are.
import { type Command, Option } from 'commander';
import type { Flag, FlagTable } from '../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS } from './connection/flags.ts';
import { DANGER_FLAGS } from './deed-flags.ts';
import { LIST_FLAGS } from './output/flags.ts';

/** What was written: a line `--name=text` for each flag, in the names of the table. */
export type WrittenFlags = string[];

const OUTPUT = 'Output:';
const CONNECTION = 'Connection:';
const OWN = 'Options:';

/** TLS has its own names, Mesos's; help of a verb says where they are told. */
export const isTls = (name: string) => name.startsWith('ssl_');

/** How a flag is written here: `--sort-by`. Underscores are taken as well. */
export const writtenAs = (name: string) => (isTls(name) ? name : name.replaceAll('_', '-'));

const groupOf = (name: string): string => {
  if (Object.hasOwn(AGENT_CONNECTION_FLAGS, name)) {
    return CONNECTION;
  }
  return Object.hasOwn(LIST_FLAGS, name) ? OUTPUT : OWN;
};

/** Adds all flags to the command; what is written on its line goes into `written`. */
export function addOptions(command: Command, table: FlagTable, written: WrittenFlags): void {
  // Those of the verb first, then what each verb has.
  const order = [OWN, OUTPUT, CONNECTION];
  const names = Object.keys(table).toSorted(
    (a, b) => order.indexOf(groupOf(a)) - order.indexOf(groupOf(b)) || rankOf(a) - rankOf(b),
  );
  for (const name of names) {
    addOption(command, name, table[name] as Flag<unknown>, written);
  }
}

/** What makes a deed go or not stands after what it is about. */
const rankOf = (name: string) => (Object.hasOwn(DANGER_FLAGS, name) ? 1 : 0);

function addOption(
  command: Command,
  name: string,
  flag: Flag<unknown>,
  written: WrittenFlags,
): void {
  const long = writtenAs(name);
  const says = explained(flag);
  if (!flag.isBoolean) {
    const add = (spelled: string, isShown: boolean) => {
      const short = flag.short !== undefined && isShown ? `-${flag.short}, ` : '';
      const option = new Option(`${short}--${spelled} <${flag.placeholder}>`, says);
      command.addOption(option.helpGroup(groupOf(name)).hideHelp(!isShown || isTls(name)));
      command.on(`option:${spelled}`, (text: string) => written.push(`--${name}=${text}`));
    };
    add(long, true);
    if (long !== name) {
      add(name, false);
    }
    return;
  }
  // A toggle has the form that changes its default in help, and the other one beside it.
  const isOn = flag.defaultValue === true;
  for (const [spelled, text, isShown] of [
    [long, 'true', !isOn],
    [`no-${long}`, 'false', isOn],
    ...(long === name
      ? []
      : ([
          [name, 'true', false],
          [`no-${name}`, 'false', false],
        ] as const)),
  ] as const) {
    const short = flag.short !== undefined && isShown ? `-${flag.short}, ` : '';
    const option = new Option(`${short}--${spelled}`, isOn ? without(says) : says);
    command.addOption(option.helpGroup(groupOf(name)).hideHelp(!isShown || isTls(name)));
    command.on(`option:${spelled}`, () => written.push(`--${name}=${text}`));
  }
}

/** Help of a toggle that is on says what there is. */
export const without = (says: string) => `Without ${says.charAt(0).toLowerCase()}${says.slice(1)}`;

function explained({ help, defaultValue, defaultText, isBoolean, print }: Flag<unknown>): string {
  const text = defaultText ?? (defaultValue === undefined ? '' : print(defaultValue));
  return text === '' || isBoolean ? help : `${help} (default: ${text})`;
}

/** Errors about flags name them as they are written here. */
export function respelled(message: string, table: FlagTable): string {
  return Object.keys(table).reduce(
    (text, name) => text.replaceAll(`--${name}`, `--${writtenAs(name)}`),
    message,
  );
}
