// Contexts: masters and how to speak to them, under names, in the operator's own file. Where there
// is none, the file of Mesos's command line is read.
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { closestName } from '../../../model/closest-name.ts';
import type { Preset } from '../../flags/parse.ts';
import { readTextFile, whyUnreadable } from '../../text-file.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { printable } from '../output/printable.ts';
import { AGENT_CONNECTION_FLAGS } from './flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a context may set: the connection flags, under their own names. */
const SETTINGS = Object.keys(AGENT_CONNECTION_FLAGS).filter((name) => name !== 'context');
const MB = 2 ** 20;
/** Of a file's mode: its group or others may read it. */
const READ_BY_OTHERS = 0o044;
/** An address may have a name and a secret before it, as those of ZooKeeper do. */
const SECRET_IN_ADDRESS = /\/\/[^/@]*:[^/@]*@/;

export interface Contexts {
  readonly path: string;
  /** The name of the one that holds where none is named. */
  readonly current: string | undefined;
  readonly byName: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** What is wrong with those that cannot be used, by name: the others can. */
  readonly faults: ReadonlyMap<string, string>;
}

/** MESOSCALE_CONFIG, or where the desktop's rules say (XDG_CONFIG_HOME). */
function contextsPath(environment: Environment): string {
  const { MESOSCALE_CONFIG, XDG_CONFIG_HOME } = environment;
  return (
    MESOSCALE_CONFIG ||
    join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'mesoscale', 'config.toml')
  );
}

/** Throws CommandError where the file is there and is wrong as a whole. */
export function readContexts(environment: Environment): Contexts {
  const path = contextsPath(environment);
  const file = readToml(path, (environment.MESOSCALE_CONFIG ?? '') !== '') ?? {};
  const wrong = (what: string) => new CommandError(EXIT.usage, `${path}: ${what}`);
  for (const key of Object.keys(file)) {
    if (key !== 'context' && key !== 'contexts') {
      throw wrong(`expected context and [contexts.NAME], got '${key}'`);
    }
  }
  const { context: current, contexts = {} } = file;
  if (current !== undefined && typeof current !== 'string') {
    throw wrong('context expects the name of a context');
  }
  if (!isTable(contexts)) {
    throw wrong('contexts expects tables: [contexts.NAME]');
  }
  const byName = new Map<string, Readonly<Record<string, string>>>();
  const faults = new Map<string, string>();
  for (const [name, table] of Object.entries(contexts)) {
    const read = settingsIn(name, table);
    if (typeof read === 'string') {
      faults.set(name, `${path}: ${read}`);
    } else {
      byName.set(name, read);
    }
  }
  if ([...byName.values()].some(holdSecret)) {
    warnOfReaders(path);
  }
  return { path, current, byName, faults };
}

/** What is wrong, as text, where it is no context. */
function settingsIn(name: string, table: unknown): Readonly<Record<string, string>> | string {
  if (!isTable(table)) {
    return `contexts.${name} expects a table: [contexts.${name}]`;
  }
  for (const [key, value] of Object.entries(table)) {
    if (!SETTINGS.includes(key)) {
      const close = closestName(key, SETTINGS);
      const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
      return `contexts.${name} has an unknown setting '${key}'${meant}`;
    }
    if (!['string', 'boolean', 'number'].includes(typeof value)) {
      return `contexts.${name}.${key} expects a text`;
    }
  }
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, String(value)]));
}

/** Throws CommandError. */
export function contextNamed({ path, byName, faults }: Contexts, name: string): Preset {
  const fault = faults.get(name);
  if (fault !== undefined) {
    throw new CommandError(EXIT.usage, fault);
  }
  const texts = byName.get(name);
  if (texts === undefined) {
    throw new CommandError(EXIT.notFound, `no context '${name}' in ${path}: ${namesOf(byName)}`);
  }
  return { place: `context ${name} in ${path}`, context: name, texts };
}

const namesOf = (byName: ReadonlyMap<string, unknown>) =>
  byName.size === 0 ? 'it has none' : `it has ${[...byName.keys()].join(', ')}`;

/**
 * What holds where a command line and the environment name no master. A context is used as a whole,
 * or not at all: its secret goes to no other master than its own.
 */
export function presetOf(environment: Environment): Preset | undefined {
  const contexts = readContexts(environment);
  const { path, current, byName, faults } = contexts;
  if (current === undefined) {
    return readMesosConfig(environment);
  }
  if (!byName.has(current) && !faults.has(current)) {
    throw new CommandError(
      EXIT.usage,
      `${path}: context names '${current}', which is not there: ${namesOf(byName)}`,
    );
  }
  return contextNamed(contexts, current);
}

/**
 * `~/.mesos/config.toml`, or MESOS_CLI_CONFIG: of Mesos's command line. Throws CommandError where
 * it does not tell which master is meant: another one must not be acted on in its place.
 */
function readMesosConfig(environment: Environment): Preset | undefined {
  const path = environment.MESOS_CLI_CONFIG || join(homedir(), '.mesos', 'config.toml');
  const { master, agent = {} } = readToml(path, false) ?? {};
  if (master === undefined) {
    return undefined;
  }
  const read = mesosTexts(master, agent);
  if (typeof read === 'string') {
    throw new CommandError(EXIT.usage, `${path}: ${read}`);
  }
  if (holdSecret(read)) {
    warnOfReaders(path);
  }
  return { place: path, texts: read };
}

/** What is wrong, as text, where it cannot be used. */
function mesosTexts(master: unknown, agent: unknown): Readonly<Record<string, string>> | string {
  if (!isTable(master)) {
    return 'master expects a table: [master]';
  }
  if (!isTable(agent)) {
    return 'agent expects a table: [agent]';
  }
  const { address, zookeeper } = master;
  if ((address === undefined) === (zookeeper === undefined)) {
    return 'master expects either address or zookeeper';
  }
  if (address !== undefined && typeof address !== 'string') {
    return 'master.address expects host:port or https://host:port';
  }
  const place = address ?? ensembleOf(zookeeper);
  if (place === undefined) {
    return "master.zookeeper expects addresses, a list of host:port, and path, such as '/mesos'";
  }
  const texts: Record<string, string> = { master: place };
  for (const [table, key, text, flag] of [
    ['master', 'principal', master.principal, 'principal'],
    ['master', 'secret', master.secret, 'secret'],
    ['agent', 'principal', agent.principal, 'agent_principal'],
    ['agent', 'secret', agent.secret, 'agent_secret'],
  ] as const) {
    if (text !== undefined && typeof text !== 'string') {
      return `${table}.${key} expects a text`;
    }
    if (text !== undefined) {
      texts[flag] = text;
    }
  }
  for (const [key, is, flag] of [
    ['ssl', agent.ssl, 'ssl_enabled'],
    ['ssl_verify', agent.ssl_verify, 'ssl_verify_server_cert'],
  ] as const) {
    if (is !== undefined && typeof is !== 'boolean') {
      return `agent.${key} expects true or false`;
    }
    if (is === true) {
      texts[flag] = 'true';
    }
  }
  // `ssl` is said of agents only: Mesos's command line speaks to such a master without TLS.
  if (agent.ssl === true && agent.ssl_verify !== true && !place.startsWith('https://')) {
    texts.ssl_support_downgrade = 'true';
  }
  return texts;
}

const holdSecret = ({ master = '', secret, agent_secret }: Readonly<Record<string, string>>) =>
  (secret ?? agent_secret) !== undefined || SECRET_IN_ADDRESS.test(master);

const warned = new Set<string>();

/** Says once who else may read the secrets in the file. */
function warnOfReaders(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & READ_BY_OTHERS) === 0 || warned.has(path)) {
    return;
  }
  warned.add(path);
  const bits = (mode & 0o777).toString(8);
  process.stderr.write(
    printable(`${path} has a secret, and others may read it (mode ${bits}): chmod 600 ${path}`) +
      '\n',
  );
}

function ensembleOf(zookeeper: unknown): string | undefined {
  if (!isTable(zookeeper)) {
    return undefined;
  }
  const { addresses, path } = zookeeper;
  const areThere = Array.isArray(addresses) && addresses.length > 0;
  return areThere &&
    addresses.every((each) => typeof each === 'string') &&
    typeof path === 'string' &&
    path.startsWith('/')
    ? `zk://${addresses.join(',')}${path}`
    : undefined;
}

/** Undefined where there is no such file, unless it was asked for. */
function readToml(path: string, isAskedFor: boolean): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readTextFile(path, MB);
  } catch (error) {
    const why = whyUnreadable(error);
    if (why === 'ENOENT' && !isAskedFor) {
      return undefined;
    }
    throw new CommandError(EXIT.usage, `${path} cannot be read (${why})`);
  }
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) {
      const [what = ''] = error.message.split('\n');
      throw new CommandError(EXIT.usage, `${path}:${error.line}:${error.column}: ${what}`);
    }
    throw error;
  }
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
