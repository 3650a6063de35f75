// What a task was asked to be, in words: its volumes, ports, addresses, limits and checks.
import {
  type CheckStatusInfo,
  type HealthCheck,
  type NetworkInfo,
  type Task,
  type TaskStatus,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
} from '../../model/generated/messages.ts';
import type { Seen } from '../store/shapes.ts';
import { resourceTitle, resourceWords } from './resources.ts';

export function volumeWords({
  container_path = '',
  mode,
  host_path,
  source,
}: Seen<Volume>): string {
  const from = host_path ?? sourceWords(source);
  return [
    container_path,
    ...(from === undefined ? [] : [` from ${from}`]),
    ...(mode === Volume_Mode.RO ? [', read only'] : []),
  ].join('');
}

function sourceWords(source: Seen<Volume>['source']): string | undefined {
  const { host_path, sandbox_path, docker_volume } = source ?? {};
  if (host_path !== undefined) {
    return host_path.path;
  }
  if (sandbox_path !== undefined) {
    const isParent = sandbox_path.type === Volume_Source_SandboxPath_Type.PARENT;
    return `${sandbox_path.path} in the sandbox ${isParent ? 'of its executor' : 'of its own'}`;
  }
  const { name, driver } = docker_volume ?? {};
  return name === undefined ? undefined : `volume ${name}${driver ? ` of ${driver}` : ''}`;
}

export const portWords = ({ discovery }: Pick<Seen<Task>, 'discovery'>): string[] =>
  (discovery?.ports?.ports ?? []).map(
    ({ number = 0, name = '', protocol }) =>
      `${number}${protocol ? `/${protocol}` : ''}${name && ` ${name}`}`,
  );

/** Of the last status that tells of any. */
export function addressWords({
  statuses = [],
}: {
  readonly statuses?: readonly Pick<Seen<TaskStatus>, 'container_status'>[];
}): string[] {
  const last = statuses.findLast(
    ({ container_status }) => container_status?.network_infos !== undefined,
  );
  return (last?.container_status?.network_infos ?? []).flatMap(networkWords);
}

const networkWords = ({ name, ip_addresses = [], port_mappings = [] }: Seen<NetworkInfo>) => [
  ...ip_addresses.map(({ ip_address = '' }) => (name ? `${ip_address} in ${name}` : ip_address)),
  ...port_mappings.map(
    ({ host_port = 0, container_port = 0 }) => `port ${host_port} leads to ${container_port}`,
  ),
];

/** What it may use beyond what it was given, where there is that. */
export const limitWords = ({ limits = {} }: Pick<Seen<Task>, 'limits'>): string[] =>
  Object.entries(limits).map(([name, scalar]) =>
    scalar?.value === Number.POSITIVE_INFINITY
      ? `${resourceTitle(name)} without a limit`
      : resourceWords({ name, scalar: { value: scalar?.value ?? 0 } }),
  );

export function healthWords(check: Seen<HealthCheck>, healthy: boolean | undefined): string {
  const { http, tcp, command, interval_seconds = 10 } = check;
  const how =
    http !== undefined
      ? `HTTP at port ${http.port ?? 0}${http.path ?? ''}`
      : tcp !== undefined
        ? `a connection to port ${tcp.port ?? 0}`
        : `the command ${command?.value ?? command?.arguments?.join(' ') ?? ''}`;
  const now = healthy === undefined ? 'not known yet' : healthy ? 'healthy' : 'not healthy';
  return `${now}; by ${how}, every ${interval_seconds} s`;
}

/** What a check has found; undefined where it has not been carried out. */
export function checkWords(status: Seen<CheckStatusInfo> | undefined): string | undefined {
  const { command, http, tcp } = status ?? {};
  if (command?.exit_code !== undefined) {
    return `the check’s command ended with ${command.exit_code}`;
  }
  if (http?.status_code !== undefined) {
    return `the check got ${http.status_code}`;
  }
  return tcp?.succeeded === undefined
    ? undefined
    : `the check ${tcp.succeeded ? 'could' : 'could not'} connect`;
}
