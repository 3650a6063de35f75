// Flags that master and agent have in common.
import { duration, json, list, path, port, text, toggle } from '../flags/flag.ts';
import { LOGGING_FLAGS } from './logging-flags.ts';
import { TLS_FLAGS } from './tls-flags.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

function checkDomain(domain: unknown): string | undefined {
  const { fault_domain } = (domain ?? {}) as {
    fault_domain?: { region?: { name?: unknown }; zone?: { name?: unknown } } | null;
  };
  if (!fault_domain?.region || !fault_domain.zone) {
    return 'domain must hold a fault_domain with a region and a zone';
  }
  const names = [fault_domain.region.name, fault_domain.zone.name];
  return names.every((name) => typeof name === 'string' && name !== '')
    ? undefined
    : 'domain must hold a region and a zone that have names';
}

/** Paths of which requests get a 403. */
interface FirewallRules {
  readonly disabled_endpoints?: { readonly paths?: readonly string[] };
}

/** A rule that is ignored by mistake would leave an endpoint open that must be closed. */
function checkFirewall(rules: unknown): string | undefined {
  const { disabled_endpoints: disabled, ...others } = (rules ?? {}) as FirewallRules;
  const { paths, ...more } = disabled ?? {};
  const isAll = Object.keys(others).length === 0 && Object.keys(more).length === 0;
  return isAll && Array.isArray(paths) && paths.every((path) => typeof path === 'string')
    ? undefined
    : 'firewall_rules expects {"disabled_endpoints": {"paths": ["/…"]}}';
}

/** The paths in a checked value. */
export const disabledPaths = (rules: unknown): readonly string[] =>
  (rules as FirewallRules | undefined)?.disabled_endpoints?.paths ?? [];

/**
 * Zero is refused: something that runs every zero milliseconds would leave no time for anything
 * else.
 */
export const positive = (name: string) => (ms: number) =>
  ms > 0 ? undefined : `${name} must be more than 0`;

/** A check of --http_authenticators and the like. */
export const checkAuthenticators =
  (flag: string, known: readonly string[]) => (names: readonly string[]) => {
    const isGood = names.length > 0 && names.every((name) => known.includes(name));
    const isOnce = new Set(names).size === names.length;
    return isGood && isOnce ? undefined : `${flag} expects ${known.join(', ')}, each at most once`;
  };

export const SHARED_FLAGS = {
  ...LOGGING_FLAGS,
  ...TLS_FLAGS,
  acls: json({
    help: 'Who may do what: access control lists as JSON, or the path of a file that holds them.',
  }),
  advertise_ip: text({
    help: 'The IP address by which others reach this program, where it is not the one it listens on.',
  }),
  advertise_port: port({
    help: 'The port by which others reach this program, where it is not the one it listens on.',
  }),
  audit_log: path({
    namesSecrets: true,
    help: 'A file for the audit log: a line of JSON for each decision on a call that changes something, and for what reads are denied.',
  }),
  authenticate_http_readonly: toggle({
    default: false,
    help: 'Require credentials for HTTP endpoints that only read.',
  }),
  domain: json({
    check: checkDomain,
    help: 'The fault domain, as JSON: {"fault_domain": {"region": {"name": …}, "zone": {"name": …}}}. A master that has none takes no agents that have one.',
  }),
  firewall_rules: json({
    check: checkFirewall,
    help: 'HTTP endpoints to close, as JSON: {"disabled_endpoints": {"paths": ["/files/browse"]}}.',
  }),
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  hooks: list({ status: 'refused', help: 'Hook modules to install.' }),
  hostname: text({
    check: (name) => (/^[^\s/]+$/.test(name) ? undefined : 'hostname expects a host name'),
    help: 'The host name to publish. Without it the name of the published IP address is looked up.',
  }),
  hostname_lookup: toggle({
    default: true,
    help: 'Look up the host name of the IP address; without, the address itself is published.',
  }),
  ip: text({ help: 'The IP address to listen on. Not together with --ip_discovery_command.' }),
  ip_discovery_command: text({
    help: 'A program that prints the IP address to listen on. Not together with --ip.',
  }),
  master_detector: text({
    status: 'refused',
    help: 'A module that finds the leading master.',
  }),
  memory_profiling: toggle({
    default: false,
    status: 'accepted',
    help: 'Endpoints for profiling memory with jemalloc; there are none here.',
  }),
  modules_dir: path({
    status: 'refused',
    help: 'Folder with descriptions of modules to load.',
  }),
  require_peer_address_ip_match: toggle({
    default: true,
    help:
      'Take messages of masters and agents only from the process that they name as their sender: it is ' +
      'asked, and where it cannot tell (Apache Mesos), they must come from its IP address. Also set by ' +
      'LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH, as for Apache Mesos, where it is off by default.',
    variable: 'LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH',
  }),
  version: toggle({ default: false, help: 'Show the version and exit.' }),
  zk_session_timeout: duration({
    default: 10_000,
    // No ensemble grants less, and many programs need longer to connect.
    check: (ms) =>
      ms < SECOND || ms > HOUR ? 'zk_session_timeout must be from 1secs to 1hrs' : undefined,
    help:
      'How long a session with ZooKeeper lasts without an answer, within the bounds of the ensemble: after this ' +
      'time a master that is gone is replaced.',
  }),
} as const;
