// Makes the folder of a closed cluster, and what is added to it. What is made is written where
// nobody looks for it, and gets its name when all of it is there.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder, writeDurably } from '../../filesystem/durable-files.ts';
import { readCredentials } from '../process/credentials.ts';
import { readTextFile } from '../text-file.ts';
import {
  CLOSED_LISTS,
  listsText,
  parseLists,
  withoutPrincipal,
  withRules,
} from './access-lists.ts';
import { certify, makeAuthority, type Subject } from './certificates.ts';
import {
  agentEnvironment,
  clientEnvironment,
  executorVariables,
  hostEnvironment,
  masterEnvironment,
} from './environments.ts';
import { executorFiles, FOLDERS, hostFiles, layoutOf, principalFiles } from './layout.ts';
import type { MachineNames } from './machine-names.ts';
import { type PrincipalKind, type Reach, rulesOf } from './principals.ts';
import { SecureError } from './secure-error.ts';

/** Folders are their user's only, as all files are. */
const PRIVATE = 0o700;
/** Others may go through it, and not look around. */
const PASSABLE = 0o711;
const PUBLIC_FOLDER = 0o755;
const PUBLIC_FILE = 0o644;
/** Nobody guesses one, whatever he tries. */
const SECRET_BYTES = 32;

export interface Principal {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly reach: Reach;
}

export interface Terms {
  /** For how long certificates are valid. */
  readonly days: number;
  /** Where machines have the folder. */
  readonly installed: string;
}

interface Members {
  readonly machines: readonly MachineNames[];
  readonly principals: readonly Principal[];
}

/** Makes the folder, which must not be there. Rejects with SecureError and the system's errors. */
export async function makeClusterFolder(
  dir: string,
  members: Members,
  terms: Terms,
): Promise<void> {
  await mkdir(dir, { mode: PRIVATE }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST'
      ? new SecureError(`${dir} is there already, and is not written over`, { cause: error })
      : error;
  });
  // The name is taken. It is renamed over, which fails if somebody has put something there.
  await inNewFolder(dir, `${dir}.`, (made) => fill(made, members, terms)).catch(async (error) => {
    await rmdir(dir).catch(() => undefined);
    throw error;
  });
}

async function fill(dir: string, { machines, principals }: Members, terms: Terms): Promise<void> {
  const layout = layoutOf(dir);
  for (const folder of FOLDERS) {
    await mkdir(join(dir, folder), { mode: PRIVATE });
  }
  await makeAuthority(layout.authority, terms.days);
  await writeDurably(layout.acls, listsText(CLOSED_LISTS));
  await writeDurably(layout.credentials, credentialsText([]));
  await writeDurably(layout.httpCredentials, credentialsText([]));
  await writeDurably(layout.executorKey, newSecret());
  await writeDurably(layout.masterEnvironment, masterEnvironment(layoutOf(terms.installed)));
  await writeDurably(layout.executorVariables, executorVariables(layoutOf(terms.installed)));
  await inNewFolder(layout.executors, `${layout.executors}.`, (made) =>
    fillExecutors(made, dir, terms),
  );
  // Whoever does not know a name finds nothing, and may read what is below executors only.
  await chmod(dir, PASSABLE);
  for (const names of machines) {
    await addMachine(dir, names, terms);
  }
  for (const principal of principals) {
    await addPrincipal(dir, principal, terms);
  }
}

async function fillExecutors(made: string, dir: string, { days }: Terms): Promise<void> {
  const { authority } = layoutOf(dir);
  const files = executorFiles(made);
  await certify({ unit: 'executors' }, files, { authority, days });
  await writeDurably(files.authority, await readFile(authority.certificate, 'utf8'));
  await letRead(made);
}

/** A folder with files that any user may read. */
async function letRead(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    await chmod(join(folder, name), PUBLIC_FILE);
  }
  await chmod(folder, PUBLIC_FOLDER);
}

/** Rejects with SecureError and the system's errors. */
export async function addMachine(
  dir: string,
  names: MachineNames,
  { days, installed }: Terms,
): Promise<void> {
  const { authority, host } = layoutOf(dir);
  const [name] = names;
  refuseExisting(host(name));
  await inNewFolder(host(name), host(BEGUN), async (made) => {
    const files = hostFiles(made);
    await writeDurably(files.environment, hostEnvironment(layoutOf(installed), name));
    await certify({ unit: 'host', names }, files, { authority, days });
  });
}

/**
 * What the principal may do is written down before its secret is, which is what lets it in. Rejects
 * with SecureError, FlagError and the system's errors.
 */
export async function addPrincipal(
  dir: string,
  { kind, name, reach }: Principal,
  { days, installed }: Terms,
): Promise<void> {
  const { acls, authority, credentials, httpCredentials, principal } = layoutOf(dir);
  const credential = { principal: name, secret: newSecret() };
  const isCaller = kind !== 'agent';
  refuseExisting(principal(name));
  const lists = listsText(
    withRules(parseLists(acls, readTextFile(acls)), rulesOf(kind, name, reach)),
  );
  parseLists('A rule of --roles or --users', lists);
  const files = [credentials, ...(isCaller ? [httpCredentials] : [])];
  const texts = files.map((file) => [file, withCredential(file, credential)] as const);
  await inNewFolder(principal(name), principal(BEGUN), async (made) => {
    const own = principalFiles(made);
    const environment = isCaller ? clientEnvironment : agentEnvironment;
    await writeDurably(own.environment, environment(layoutOf(installed), name));
    await writeDurably(own.credential, `${JSON.stringify(credential)}\n`);
    if (isCaller) {
      await writeDurably(own.secret, credential.secret);
      await certify({ unit: 'principal', name }, own, { authority, days });
    }
  });
  await writeDurably(acls, lists);
  for (const [file, text] of texts) {
    await writeDurably(file, text);
  }
}

/**
 * Another key and certificate in place of those of a machine or principal, signed by the authority
 * that the folder has now. Rejects with SecureError and the system's errors.
 */
export async function renewCertificate(dir: string, subject: Subject, days: number): Promise<void> {
  const { authority } = layoutOf(dir);
  const folder = folderOf(dir, subject);
  const files = hostFiles(folder);
  const made = await mkdtemp(join(dirname(folder), BEGUN));
  try {
    const renewed = hostFiles(made);
    await certify(subject, renewed, { authority, days });
    if (subject.unit === 'executors') {
      await letRead(made);
    }
    await rename(renewed.key, files.key);
    await rename(renewed.certificate, files.certificate);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  await syncFolder(folder);
}

export function folderOf(dir: string, subject: Subject): string {
  const { executors, host, principal } = layoutOf(dir);
  switch (subject.unit) {
    case 'host':
      return host(subject.names[0]);
    case 'principal':
      return principal(subject.name);
    case 'executors':
      return executors;
    default:
      return subject satisfies never;
  }
}

/**
 * The principal can come in no more before its rules go. What an interrupted command has left of
 * one goes, too. Rejects with SecureError, FlagError and the system's errors.
 */
export async function removePrincipal(dir: string, name: string): Promise<void> {
  const { acls, credentials, httpCredentials, principal } = layoutOf(dir);
  const lists = parseLists(acls, readTextFile(acls));
  const left = withoutPrincipal(lists, name);
  const files = [credentials, httpCredentials].map((file) => {
    const all = readCredentials('dir', file, {}).credentials;
    return { file, all, others: all.filter((each) => each.principal !== name) };
  });
  const isListed =
    files.some(({ all, others }) => all.length > others.length) ||
    listsText(left) !== listsText(lists);
  if (!isListed && !existsSync(principal(name))) {
    throw new SecureError(`${credentials} has no principal ${name}`);
  }
  for (const { file, others } of files) {
    await writeDurably(file, credentialsText(others));
  }
  await writeDurably(acls, listsText(left));
  await rm(principal(name), { recursive: true, force: true });
}

/** Deletes folders that commands have begun and not finished. Only for who is alone with it. */
export async function deleteUnfinished(dir: string): Promise<void> {
  const { host, principal } = layoutOf(dir);
  for (const begun of [host(BEGUN), principal(BEGUN)]) {
    const folder = dirname(begun);
    for (const name of await readdir(folder)) {
      if (name.startsWith(BEGUN)) {
        await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  }
}

const newSecret = () => randomBytes(SECRET_BYTES).toString('base64url');

/** Throws SecureError. */
function refuseExisting(path: string): void {
  if (existsSync(path)) {
    throw new SecureError(`${path} is there already, and is not written over`);
  }
}

/** With it begin the names of unfinished folders of machines and principals, and no others. */
const BEGUN = '.new-';

interface Credential {
  readonly principal: string;
  readonly secret: string;
}

/** The file's text with one more entry. Throws FlagError and SecureError. */
function withCredential(file: string, credential: Credential): string {
  const { credentials } = readCredentials('dir', file, {});
  if (credentials.some(({ principal }) => principal === credential.principal)) {
    throw new SecureError(`${file} has the principal ${credential.principal} already`);
  }
  return credentialsText([...credentials, credential]);
}

const credentialsText = (credentials: readonly Credential[]) =>
  `${JSON.stringify({ credentials }, null, 2)}\n`;

/** Fills a folder beside the place, whose name begins with `begun`, and moves it there. */
async function inNewFolder(
  path: string,
  begun: string,
  fillFolder: (made: string) => Promise<void>,
): Promise<void> {
  const made = await mkdtemp(begun);
  try {
    await fillFolder(made);
    await rename(made, path);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
