// Machines, as maintenance knows them: a host name and an address. Host names are compared without
// regard to case.
import { type MachineID, MachineInfo_Mode } from '../../model/generated/messages.ts';
import type { Agent, Machine, MasterState } from '../state.ts';

export const machineKey = (id: MachineID) => `${(id.hostname ?? '').toLowerCase()}|${id.ip ?? ''}`;

export const agentMachineKey = (hostname: string, ip: string) => machineKey({ hostname, ip });

export const machineOf = (state: MasterState, agent: Agent): Machine | undefined =>
  state.machines.size === 0
    ? undefined
    : state.machines.get(agentMachineKey(agent.info.hostname, agent.ip));

/** True while maintenance keeps everything on the machine away. */
export const isDown = (state: MasterState, hostname: string, ip: string) =>
  state.machines.get(agentMachineKey(hostname, ip))?.info.mode === MachineInfo_Mode.DOWN;
