// What is open on a master or agent, as its flags tell.
import { randomUUID } from 'node:crypto';
import { type Acls, aclAuthorizer, parseAcls } from '../../security/acls.ts';
import type { Principal } from '../../security/principal.ts';
import { AGENT_FLAGS } from '../agent/flags.ts';
import type { FlagTable } from '../flags/flag.ts';
import { MASTER_FLAGS } from '../master/flags.ts';
import { rateLimitsOf } from '../master/rate-limits.ts';
import { isLoopback } from '../process/exposure.ts';

export type ServerKind = 'master' | 'agent';

export interface Opening {
  readonly what: string;
  readonly remedy: string;
  /** It lets nobody in, and is told without counting as a finding. */
  readonly isAdvice?: true;
}

/** Flags that close something, and what is open while they are off. */
type Closing = Readonly<Record<string, string>>;

const CLOSING: Readonly<Record<ServerKind, Closing>> = {
  master: {
    authenticate_agents: 'whoever reaches its port can be an agent, and gets tasks',
    authenticate_http_frameworks: 'whoever reaches its port can be a framework, and runs tasks',
    authenticate_http_readwrite: 'whoever reaches its port changes the cluster',
    require_peer_address_ip_match: 'whoever reaches its port speaks in the name of agents',
  },
  agent: {
    authenticate_http_executors: 'whoever reaches its port speaks in the name of executors',
    authenticate_http_readwrite: 'whoever reaches its port launches and ends containers',
    require_peer_address_ip_match: 'whoever reaches its port speaks in the name of the master',
  },
};

const TABLES: Readonly<Record<ServerKind, FlagTable>> = {
  master: MASTER_FLAGS,
  agent: AGENT_FLAGS,
};

/**
 * `flags`: as /flags shows them. Those that are not shown are not judged: Apache Mesos's programs
 * have others.
 */
export function flagOpenings(
  kind: ServerKind,
  flags: Readonly<Record<string, string>>,
): readonly Opening[] {
  const textOf = (name: string) => flags[name] ?? flags[TABLES[kind][name]?.alias ?? name];
  const isOff = (name: string) => textOf(name) === 'false';
  const openings: Opening[] = Object.entries(CLOSING[kind])
    .filter(([name]) => isOff(name))
    .map(([name, what]) => ({ what, remedy: `Start it with --${name}.` }));
  if (isOff('ssl_verify_server_cert') && isOff('ssl_require_client_cert')) {
    openings.push({
      what: 'it connects to whoever answers at an address',
      remedy: 'Start it with --ssl_enabled, --ssl_verify_server_cert and --ssl_ca_file=FILE.',
    });
  }
  const isOn = (name: string) => textOf(name) === 'true';
  const verifies = isOn('ssl_verify_server_cert') || isOn('ssl_require_client_cert');
  if (verifies && textOf('ssl_hostname_validation_scheme') === 'legacy') {
    openings.push({
      what: 'who can forge the names of addresses passes for another machine',
      remedy: 'Start it with --ssl_hostname_validation_scheme=openssl and --ssl_verify_ipadd.',
    });
  }
  for (const version of ['ssl_enable_tls_v1_0', 'ssl_enable_tls_v1_1'].filter(isOn)) {
    openings.push({
      what: 'it speaks a version of TLS that is not safe',
      remedy: `Start it without --${version}.`,
    });
  }
  // Programs of Apache Mesos show no settings of TLS, and have no such log.
  if (textOf('ssl_enabled') !== undefined && textOf('audit_log') === undefined) {
    openings.push({
      what: 'nothing keeps who has changed what, and who was refused',
      remedy: 'Start it with --audit_log=FILE.',
    });
  }
  if (kind === 'master' && !limitsAll(textOf('rate_limits'))) {
    openings.push({
      what: 'frameworks can take as much of its time as they like from others',
      remedy:
        'Start it with --rate_limits that have an aggregate_default_qps, for all without a limit of their own.',
      ...(isLoopback(textOf('ip') ?? '') ? { isAdvice: true } : {}),
    });
  }
  if (kind === 'agent') {
    openings.push(...agentOpenings(textOf));
  }
  const runsAsRoot = kind === 'master' && !isOff('root_submissions');
  return [...openings, ...listOpenings(textOf('acls'), runsAsRoot)];
}

/** Whether --rate_limits, shown as JSON, leave no framework without a limit but those they name. */
function limitsAll(text: string | undefined): boolean {
  try {
    return text !== undefined && rateLimitsOf(JSON.parse(text))?.others !== undefined;
  } catch {
    return false;
  }
}

function agentOpenings(textOf: (name: string) => string | undefined): readonly Opening[] {
  const openings: Opening[] = [];
  if (textOf('credential') === undefined) {
    openings.push({
      what: 'it does not authenticate with its master',
      remedy: 'Start it with --credential=FILE.',
    });
  }
  const lists = (name: string, value: string) => textOf(name)?.split(',').includes(value) === true;
  if (textOf('bounding_capabilities') === undefined) {
    if (lists('containerizers', 'docker')) {
      openings.push({
        what: 'containers of type DOCKER may be as mighty as root, whoever its tasks run as',
        remedy: `${BOUND}, and linux/capabilities in --isolation.`,
      });
    }
    if (lists('isolation', 'linux/capabilities')) {
      openings.push({
        what: 'tasks of every user may ask for all capabilities, and are root with them',
        remedy: `${BOUND}.`,
      });
    }
  }
  return openings;
}

const BOUND = 'Start it with --bounding_capabilities, which no container can have more than';

function listOpenings(text: string | undefined, runsAsRoot: boolean): readonly Opening[] {
  if (text === undefined) {
    return [{ what: 'everybody may do everything', remedy: 'Start it with --acls=FILE.' }];
  }
  const acls = aclsIn(text);
  const openings: Opening[] = [];
  if (acls?.permissive !== false) {
    openings.push({
      what: 'what no rule of its --acls is about is allowed',
      remedy: 'Set "permissive": false in them.',
    });
  }
  if (acls?.permissive === false && runsAsRoot && letsAnybodyRunAsRoot(acls)) {
    openings.push({
      what: 'every framework may run tasks as root',
      remedy: 'Start it with --root_submissions=false, or name principals or users in run_tasks.',
    });
  }
  return openings;
}

/** The lists are shown as JSON. Undefined where it cannot be read. */
function aclsIn(text: string): Acls | undefined {
  try {
    return parseAcls(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Where no rule names a principal, it may do what all may. */
const ANYBODY: Principal = { value: randomUUID() };

const letsAnybodyRunAsRoot = (acls: Acls) =>
  aclAuthorizer(acls).authorize(ANYBODY, 'RUN_TASK', { value: 'root' });
