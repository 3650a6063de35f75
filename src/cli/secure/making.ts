// `secure init`, `add` and `remove`: reads what they are asked for, does it, tells the next steps.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { counted } from '../counted.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { currentUser } from '../framework/framework-session.ts';
import { folderHolder } from '../process/folder-lock.ts';
import {
  addMachine,
  addPrincipal,
  makeClusterFolder,
  removePrincipal,
  type Terms,
} from './cluster-folder.ts';
import { requirePlain } from './environments.ts';
import { agentSteps, checkStep, clientSteps, executeStep, masterSteps } from './first-steps.ts';
import type { SECURE_FLAGS } from './flags.ts';
import { layoutOf } from './layout.ts';
import { machinesOf, thisMachine } from './machine-names.ts';
import { type PrincipalKind, type Reach, requireName } from './principals.ts';
import { SecureError } from './secure-error.ts';

type Values = FlagValues<typeof SECURE_FLAGS>;

/** The principals that a new cluster has. */
const FIRST: readonly PrincipalKind[] = ['agent', 'framework', 'operator'];
const KINDS = ['host', ...FIRST] as const;
type Kind = (typeof KINDS)[number];

/** The text to print. Rejects with FlagError, SecureError and the system's errors. */
export async function init(values: Values, rest: readonly string[]): Promise<string> {
  const [given, ...others] = rest;
  if (given === undefined || others.length > 0) {
    throw new FlagError('init expects one folder, which it makes');
  }
  const dir = resolve(given);
  requirePlain('init', dir);
  const terms = termsOf(values, dir);
  const machines = values.hosts === undefined ? [thisMachine()] : machinesOf(values.hosts);
  const reach = reachOf(values);
  const principals = FIRST.map((kind) => ({ kind, name: kind, reach }));
  await makeClusterFolder(dir, { machines, principals }, terms);
  const layout = layoutOf(terms.installed);
  const [first = thisMachine()] = machines;
  return [
    `Made ${dir}: an authority, certificates of ${counted(machines.length, 'machine')}, ` +
      `and the principals ${FIRST.join(', ')}. Tasks may run as ${reach.users.join(', ')}.`,
    'Keep its folder authority where no machine of the cluster reads it: whoever has it can be anyone.',
    '',
    masterSteps(layout, first),
    agentSteps(layout, 'agent', { on: machines.at(-1) ?? first, master: first }),
    clientSteps(layout, 'framework', executeStep(first)),
    clientSteps(layout, 'operator', checkStep(first)),
  ].join('\n');
}

/** The text to print. Rejects with FlagError, SecureError and the system's errors. */
export async function add(values: Values, rest: readonly string[]): Promise<string> {
  const [kind, name, ...others] = rest;
  if (!isKind(kind) || name === undefined || others.length > 0) {
    throw new FlagError(`add expects ${KINDS.join(', ')} and then a name, as in: add agent NAME`);
  }
  const dir = existingFolder('add', values.dir);
  const terms = termsOf(values, dir);
  const layout = layoutOf(terms.installed);
  if (kind === 'host') {
    const [machine, ...more] = machinesOf(values.hosts ?? [name]);
    if (machine === undefined || more.length > 0 || machine[0] !== name) {
      throw new FlagError(`--hosts expects the names of ${name} only, and this one first`);
    }
    await addMachine(dir, machine, terms);
    return `Made ${layout.host(name)}, which goes to ${name}\n`;
  }
  requireName(name);
  await addPrincipal(dir, { kind, name, reach: reachOf(values) }, terms);
  return `Made ${layout.principal(name)}, and added ${name} to the access control lists and credentials\n`;
}

/** The text to print. Rejects with FlagError, SecureError and the system's errors. */
export async function remove(values: Values, rest: readonly string[]): Promise<string> {
  const [name, ...others] = rest;
  if (name === undefined || others.length > 0) {
    throw new FlagError('remove expects the name of one principal');
  }
  requireName(name);
  await removePrincipal(existingFolder('remove', values.dir), name);
  return `Removed ${name} from the credentials and access control lists\n`;
}

const isKind = (text: string | undefined): text is Kind =>
  (KINDS as readonly (string | undefined)[]).includes(text);

/** Throws FlagError. */
function termsOf(values: Values, dir: string): Terms {
  const installed = resolve(values.install_dir ?? dir);
  requirePlain('--install_dir', installed);
  return { days: values.days, installed };
}

function reachOf(values: Values): Reach {
  const own = currentUser();
  return { roles: values.roles, users: values.users ?? [own === 'root' ? 'nobody' : own] };
}

/** Nobody else adds to it meanwhile. Throws FlagError and SecureError. */
function existingFolder(verb: string, given: string | undefined): string {
  if (given === undefined) {
    throw new FlagError(`${verb} needs --dir=DIR: the folder that init has made`);
  }
  const dir = resolve(given);
  if (!existsSync(layoutOf(dir).authority.key)) {
    throw new SecureError(
      `${layoutOf(dir).authority.key} is not there: ${verb} works where the authority of the cluster is`,
    );
  }
  const holder = folderHolder(dir);
  if (holder !== undefined) {
    throw new SecureError(`${dir} is being changed by ${holder}`);
  }
  return dir;
}
