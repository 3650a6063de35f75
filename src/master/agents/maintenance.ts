// Maintenance: the schedule, and machines that are taken down and brought up again.
import {
  type MachineID,
  type MachineInfo,
  MachineInfo_Mode,
  type Schedule,
  type Unavailability,
  type Window,
} from '../../model/generated/messages.ts';
import type { RequestId } from '../../model/ids.ts';
import type { Principal } from '../../security/principal.ts';
import type { ContinuationOf, SettingContinuation } from '../continuation.ts';
import { rescindAgentOffers } from '../offers/rescind.ts';
import { mayDo, reply } from '../outbox.ts';
import { storeSetting } from '../registrar.ts';
import type { Agent, Machine, MasterState } from '../state.ts';
import { countError, MAX_MACHINES } from '../validation/count.ts';
import { agentMachineKey, machineKey } from './machines.ts';
import { removeAgent, shutDownAgent } from './removal.ts';

const machineText = ({ hostname, ip }: MachineID) =>
  JSON.stringify({ ...(hostname !== undefined && { hostname }), ...(ip !== undefined && { ip }) });

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

function machineError(id: MachineID): string | undefined {
  const [hostname, ip] = [id.hostname ?? '', id.ip ?? ''];
  if (hostname === '' && ip === '') {
    return "Both 'hostname' and 'ip' for a machine are empty";
  }
  return ip === '' || IPV4.test(ip) ? undefined : `Failed to parse IPv4: ${ip}`;
}

/** Each machine is valid and named once. */
function machinesError(ids: readonly MachineID[], seen = new Set<string>()): string | undefined {
  const tooMany = countError('The list of machines', ids.length + seen.size, MAX_MACHINES);
  if (tooMany !== undefined) {
    return tooMany;
  }
  for (const id of ids) {
    const error = machineError(id);
    if (error !== undefined) {
      return error;
    }
    if (seen.has(machineKey(id))) {
      return `Machine '${machineText(id)}' appears more than once in the schedule`;
    }
    seen.add(machineKey(id));
  }
  return undefined;
}

function windowsError(windows: readonly Window[]): string | undefined {
  const seen = new Set<string>();
  for (const { machine_ids, unavailability } of windows) {
    if ((machine_ids ?? []).length === 0) {
      return 'List of machines in the maintenance window is empty';
    }
    if ((unavailability.duration?.nanoseconds ?? 0n) < 0n) {
      return "Unavailability 'duration' is negative";
    }
    const error = machinesError(machine_ids ?? [], seen);
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
}

const missingDownError = (unscheduled: readonly Machine[]) => {
  for (const { info } of unscheduled) {
    if (info.mode === MachineInfo_Mode.DOWN) {
      return `Machine '${machineText(info.id)}' is deactivated and cannot be removed from the schedule`;
    }
  }
  return undefined;
};

export function updateSchedule(
  state: MasterState,
  schedule: Schedule,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const windows = schedule.windows ?? [];
  const malformed = windowsError(windows);
  if (malformed !== undefined) {
    reply(state, request, 400, malformed);
    return;
  }
  const ids = windows.flatMap(({ machine_ids }) => machine_ids ?? []);
  const scheduled = new Set(ids.map(machineKey));
  const dropped = [...state.machines].flatMap(([key, it]) => (scheduled.has(key) ? [] : [it]));
  // Machines that leave the schedule change as well as machines that come or stay in it.
  const changed = [...ids, ...dropped.map(({ info }) => info.id)].map(of);
  const asked = changed.length > 0 ? changed : [{}];
  if (asked.some((it) => !mayDo(state, principal, 'UPDATE_MAINTENANCE_SCHEDULE', it))) {
    reply(state, request, 403);
    return;
  }
  const error = missingDownError(dropped);
  if (error !== undefined) {
    reply(state, request, 400, error);
    return;
  }
  const machines = scheduledMachines(state, windows);
  const schedules = windows.length === 0 ? [] : [schedule];
  storeMaintenance(state, schedules, machines, {
    type: 'scheduleUpdated',
    schedules,
    machines: infosOf(machines),
    request,
  });
}

export function scheduleUpdated(
  state: MasterState,
  { schedules, machines, request }: ContinuationOf<'scheduleUpdated'>,
): void {
  const scheduled = new Set(machines.map(({ id }) => machineKey(id)));
  const unscheduled = [...state.machines.keys()].filter((key) => !scheduled.has(key));
  const agents = agentsByMachine(state);
  state.schedules = [...schedules];
  for (const info of machines) {
    const key = machineKey(info.id);
    state.machines.set(key, { info });
    changeUnavailability(state, agents.get(key), info.unavailability);
  }
  for (const key of unscheduled) {
    state.machines.delete(key);
    changeUnavailability(state, agents.get(key), undefined);
  }
  reply(state, request, 200);
}

const of = (id: MachineID) => ({ value: machineText(id) });

function scheduledMachines(state: MasterState, windows: readonly Window[]): Map<string, Machine> {
  const machines = new Map<string, Machine>();
  for (const { machine_ids, unavailability } of windows) {
    for (const id of machine_ids ?? []) {
      const known = state.machines.get(machineKey(id))?.info;
      const mode = known?.mode ?? MachineInfo_Mode.DRAINING;
      machines.set(machineKey(id), { info: { id: known?.id ?? id, mode, unavailability } });
    }
  }
  return machines;
}

function storeMaintenance(
  state: MasterState,
  schedules: readonly Schedule[],
  machines: ReadonlyMap<string, Machine>,
  continuation: SettingContinuation,
): void {
  const change = { type: 'setMaintenance' as const, schedules, machines: infosOf(machines) };
  storeSetting(state, change, continuation);
}

const infosOf = (machines: ReadonlyMap<string, Machine>) =>
  [...machines.values()].map(({ info }) => info);

/** The agents of every machine that maintenance knows. */
function agentsByMachine(state: MasterState): Map<string, Agent[]> {
  const byMachine = new Map<string, Agent[]>();
  for (const agent of state.agents.registered.values()) {
    const key = agentMachineKey(agent.info.hostname, agent.ip);
    const others = byMachine.get(key);
    if (others === undefined) {
      byMachine.set(key, [agent]);
    } else {
      others.push(agent);
    }
  }
  return byMachine;
}

/**
 * Changes the unavailability of agents: offers that do not name the new one are rescinded, and
 * inverse offers are made anew.
 */
function changeUnavailability(
  state: MasterState,
  agents: readonly Agent[] | undefined,
  unavailability: Unavailability | undefined,
): void {
  for (const agent of agents ?? []) {
    rescindAgentOffers(state, agent);
    agent.inverseAnswers = undefined;
    state.allocator.updateUnavailability(agent.id, unavailability);
  }
}

interface Change {
  readonly from: MachineInfo_Mode;
  readonly action: 'START_MAINTENANCE' | 'STOP_MAINTENANCE';
  readonly wrongMode: string;
}

function modeError(
  state: MasterState,
  ids: readonly MachineID[],
  change: Change,
): string | undefined {
  for (const id of ids) {
    const machine = state.machines.get(machineKey(id));
    if (machine === undefined) {
      return `Machine '${machineText(id)}' is not part of a maintenance schedule`;
    }
    if (machine.info.mode !== change.from) {
      return `Machine '${machineText(id)}' is not in ${change.wrongMode}`;
    }
  }
  return undefined;
}

export function startMaintenance(
  state: MasterState,
  ids: readonly MachineID[],
  principal: Principal | undefined,
  request: RequestId,
): void {
  const change: Change = {
    from: MachineInfo_Mode.DRAINING,
    action: 'START_MAINTENANCE',
    wrongMode: 'DRAINING mode and cannot be brought down',
  };
  if (!mayChange(state, ids, change, principal, request)) {
    return;
  }
  const machines = new Map(state.machines);
  takeDown(machines, ids);
  const continuation = { type: 'maintenanceStarted' as const, machines: ids, request };
  storeMaintenance(state, state.schedules, machines, continuation);
}

function takeDown(machines: Map<string, Machine>, ids: readonly MachineID[]): void {
  for (const id of ids) {
    const machine = machines.get(machineKey(id));
    if (machine !== undefined) {
      const info: MachineInfo = { ...machine.info, mode: MachineInfo_Mode.DOWN };
      machines.set(machineKey(id), { info });
    }
  }
}

/**
 * The registry holds the change. Other settings had to wait, so the machines are those that the
 * call was checked against.
 */
export function maintenanceStarted(
  state: MasterState,
  { machines, request }: ContinuationOf<'maintenanceStarted'>,
): void {
  takeDown(state.machines, machines);
  const agents = agentsByMachine(state);
  for (const id of machines) {
    for (const agent of agents.get(machineKey(id)) ?? []) {
      shutDownAgent(state, agent, "Operator initiated 'Machine DOWN'");
      removeAgent(state, agent, "Operator initiated 'Machine DOWN'");
    }
  }
  reply(state, request, 200);
}

export function stopMaintenance(
  state: MasterState,
  ids: readonly MachineID[],
  principal: Principal | undefined,
  request: RequestId,
): void {
  const change: Change = {
    from: MachineInfo_Mode.DOWN,
    action: 'STOP_MAINTENANCE',
    wrongMode: 'DOWN mode and cannot be brought up',
  };
  if (!mayChange(state, ids, change, principal, request)) {
    return;
  }
  const ended = new Set(ids.map(machineKey));
  const machines = new Map([...state.machines].filter(([key]) => !ended.has(key)));
  const schedules = withoutMachines(state.schedules, ended);
  const continuation = { type: 'maintenanceStopped' as const, machines: ids, request };
  storeMaintenance(state, schedules, machines, continuation);
}

export function maintenanceStopped(
  state: MasterState,
  { machines, request }: ContinuationOf<'maintenanceStopped'>,
): void {
  const ended = new Set(machines.map(machineKey));
  state.schedules = withoutMachines(state.schedules, ended);
  for (const key of ended) {
    state.machines.delete(key);
  }
  reply(state, request, 200);
}

function mayChange(
  state: MasterState,
  ids: readonly MachineID[],
  change: Change,
  principal: Principal | undefined,
  request: RequestId,
): boolean {
  const malformed = ids.length === 0 ? 'List of machines is empty' : machinesError(ids);
  if (malformed !== undefined) {
    reply(state, request, 400, malformed);
    return false;
  }
  if (ids.some((id) => !mayDo(state, principal, change.action, of(id)))) {
    reply(state, request, 403);
    return false;
  }
  const error = modeError(state, ids, change);
  if (error !== undefined) {
    reply(state, request, 400, error);
    return false;
  }
  return true;
}

function withoutMachines(schedules: readonly Schedule[], ended: ReadonlySet<string>): Schedule[] {
  const kept: Schedule[] = [];
  for (const schedule of schedules) {
    const windows: Window[] = [];
    for (const window of schedule.windows ?? []) {
      const machine_ids = (window.machine_ids ?? []).filter((id) => !ended.has(machineKey(id)));
      if (machine_ids.length > 0) {
        windows.push({ ...window, machine_ids });
      }
    }
    if (windows.length > 0) {
      kept.push({ windows });
    }
  }
  return kept;
}
