// What is open on a master or agent, as its flags tell.
import { AGENT_FLAGS } from '../agent/flags.ts';
import type { FlagTable } from '../flags/flag.ts';
import { MASTER_FLAGS } from '../master/flags.ts';

export type ServerKind = 'master' | 'agent';

export interface Opening {
  readonly what: string;
  readonly remedy: string;
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
  const openings = Object.entries(CLOSING[kind])
    .filter(([name]) => isOff(name))
    .map(([name, what]) => ({ what, remedy: `Start it with --${name}.` }));
  if (isOff('ssl_verify_server_cert') && isOff('ssl_require_client_cert')) {
    openings.push({
      what: 'it connects to whoever answers at an address',
      remedy: 'Start it with --ssl_enabled, --ssl_verify_server_cert and --ssl_ca_file=FILE.',
    });
  }
  if (kind === 'agent' && textOf('credential') === undefined) {
    openings.push({
      what: 'it does not authenticate with its master',
      remedy: 'Start it with --credential=FILE.',
    });
  }
  return [...openings, ...listOpenings(textOf('acls'))];
}

function listOpenings(acls: string | undefined): readonly Opening[] {
  if (acls === undefined) {
    return [{ what: 'everybody may do everything', remedy: 'Start it with --acls=FILE.' }];
  }
  return isClosed(acls)
    ? []
    : [
        {
          what: 'what no rule of its --acls is about is allowed',
          remedy: 'Set "permissive": false in them.',
        },
      ];
}

/** The lists are shown as JSON. */
function isClosed(acls: string): boolean {
  try {
    return (JSON.parse(acls) as { permissive?: unknown } | null)?.permissive === false;
  } catch {
    return false;
  }
}
