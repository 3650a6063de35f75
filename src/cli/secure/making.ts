// `secure init`, `add`, `renew`, `remove`: reads what is asked for, does it, tells what is next.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { userNameError } from '../../model/user.ts';
import { counted } from '../counted.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { currentUser } from '../framework/framework-session.ts';
import { folderHolder } from '../process/folder-lock.ts';
import { namesIn, type Subject } from './certificates.ts';
import {
  addMachine,
  addPrincipal,
  deleteUnfinished,
  folderOf,
  makeClusterFolder,
  removePrincipal,
  renewCertificate,
  type Terms,
} from './cluster-folder.ts';
import { requirePlain } from './environments.ts';
import { agentSteps, checkStep, clientSteps, executeStep, masterSteps } from './first-steps.ts';
import type { SECURE_FLAGS } from './flags.ts';
import { hostFiles, type Layout, layoutOf } from './layout.ts';
import { type MachineNames, machinesOf, thisMachine } from './machine-names.ts';
import { type PrincipalKind, type Reach, requireName } from './principals.ts';
import { SecureError } from './secure-error.ts';

type Values = FlagValues<typeof SECURE_FLAGS>;

/** The principals that a new cluster has. */
const FIRST: readonly PrincipalKind[] = ['agent', 'framework', 'operator'];
const KINDS = ['host', ...FIRST, 'viewer', 'monitor'] as const;
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
  const dir = await existingFolder('add', values.dir);
  const terms = termsOf(values, dir);
  const layout = layoutOf(terms.installed);
  if (kind === 'host') {
    await addMachine(dir, machineOf(values.hosts ?? [name], name), terms);
    return `Made ${layoutOf(dir).host(name)}.\n${bring(`to ${name}`, layout.host(name))}`;
  }
  requireName(name);
  await addPrincipal(dir, { kind, name, reach: reachOf(values) }, terms);
  return [
    `Made ${layoutOf(dir).principal(name)}, and added ${name} to the access control lists and credentials.\n`,
    bring(kind === 'agent' ? 'to its agents' : 'to who works as it', layout.principal(name)),
    bringChanged(layout),
  ].join('');
}

/** The text to print. Rejects with FlagError, SecureError and the system's errors. */
export async function remove(values: Values, rest: readonly string[]): Promise<string> {
  const [name, ...others] = rest;
  if (name === undefined || others.length > 0) {
    throw new FlagError('remove expects the name of one principal');
  }
  requireName(name);
  const dir = await existingFolder('remove', values.dir);
  await removePrincipal(dir, name);
  return [
    `Removed ${name} from the credentials and access control lists.\n`,
    bringChanged(layoutOf(termsOf(values, dir).installed)),
    'What it has open stays open: end its frameworks (TEARDOWN), or mark its agents gone.\n',
  ].join('');
}

/** The text to print. Rejects with FlagError, SecureError and the system's errors. */
export async function renew(values: Values, rest: readonly string[]): Promise<string> {
  const [unit, name, ...others] = rest;
  const dir = await existingFolder('renew', values.dir);
  const { days, installed } = termsOf(values, dir);
  const subject = others.length === 0 ? subjectOf(values, dir, { unit, name }) : undefined;
  if (subject === undefined) {
    throw new FlagError(
      'renew expects host or principal and then a name, as in: renew host NAME; or executors',
    );
  }
  const { certificate } = hostFiles(folderOf(dir, subject));
  requireCertificate(certificate);
  await renewCertificate(dir, subject, days);
  const { certificate: to, key } = hostFiles(folderOf(installed, subject));
  return [
    `Renewed ${certificate}, for ${counted(days, 'day')}.\n`,
    bring(TO[subject.unit] ?? `to ${name}`, `${key}, ${to}`),
  ].join('');
}

/** Who is brought a certificate that is renewed; those of machines go there. */
const TO: Readonly<Partial<Record<Subject['unit'], string>>> = {
  principal: 'to who works as it',
  executors: 'to all agents',
};

/** Undefined where it is none. Throws FlagError and SecureError. */
function subjectOf(
  values: Values,
  dir: string,
  { unit, name }: { readonly unit: string | undefined; readonly name: string | undefined },
): Subject | undefined {
  if (name === undefined) {
    return unit === 'executors' ? { unit } : undefined;
  }
  if (unit === 'principal') {
    requireName(name);
    return { unit, name };
  }
  if (unit !== 'host') {
    return undefined;
  }
  const { certificate } = hostFiles(layoutOf(dir).host(name));
  requireCertificate(certificate);
  return { unit, names: machineOf(values.hosts ?? [namesOf(certificate)], name) };
}

/** Throws SecureError. */
function requireCertificate(certificate: string): void {
  if (!existsSync(certificate)) {
    throw new SecureError(`${certificate} is not there: renew is for what has a certificate`);
  }
}

/** The one machine of --hosts, which has this name. Throws FlagError. */
function machineOf(hosts: readonly string[], name: string): MachineNames {
  const [machine, ...more] = machinesOf(hosts);
  if (machine === undefined || more.length > 0 || machine[0] !== name) {
    throw new FlagError(`--hosts expects the names of ${name} only, and this one first`);
  }
  return machine;
}

/** As --hosts has them. Throws SecureError. */
const namesOf = (certificate: string) => namesIn(certificate, readFileSync(certificate)).join('/');

const bring = (to: string, what: string) => `Bring it ${to}, as ${what}\n`;

/** All masters and agents read them again when they change. */
const bringChanged = ({ acls, credentials, httpCredentials }: Layout) =>
  `Bring the changed files to masters and agents: ${acls} (all), ${credentials} (masters), ` +
  `${httpCredentials} (agents)\n`;

const isKind = (text: string | undefined): text is Kind =>
  (KINDS as readonly (string | undefined)[]).includes(text);

/** Throws FlagError. */
function termsOf(values: Values, dir: string): Terms {
  const installed = resolve(values.install_dir ?? dir);
  requirePlain('--install_dir', installed);
  return { days: values.days, installed };
}

/** Throws FlagError: a rule about a user that there cannot be is a slip. */
function reachOf(values: Values): Reach {
  const own = currentUser();
  const users = values.users ?? [own === 'root' ? 'nobody' : own];
  const error = users.map(userNameError).find((why) => why !== undefined);
  if (error !== undefined) {
    throw new FlagError(`--users expects names of users, or ANY, but ${error}`);
  }
  return { roles: values.roles, users };
}

/**
 * Nobody else adds to it meanwhile. Rejects with FlagError, SecureError and the system's errors.
 */
async function existingFolder(verb: string, given: string | undefined): Promise<string> {
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
  await deleteUnfinished(dir);
  return dir;
}
