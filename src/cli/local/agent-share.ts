// How the agents of one machine share it. An agent's share may change with every start, but its
// ports never do: a recovered task keeps ports that no other agent offers.
import type { Machine } from '../agent/machine-resources.ts';

const GB_IN_MB = 1024;

/** The most agents with ports of their own. */
export const MOST_AGENTS = 100;

/** An agent's equal share of the machine; `index` counts from 0. */
export function agentShare(machine: Machine, agents: number, index: number): string {
  const part = (amount: number, keep: number) =>
    Math.floor(Math.max(amount - keep, amount / 2) / agents);
  return [
    `cpus:${Math.max(1, Math.floor(machine.cpus / agents))}`,
    `mem:${part(machine.memMb, GB_IN_MB)}`,
    `disk:${part(machine.diskMb, 5 * GB_IN_MB)}`,
    `ports:[${agentPorts(index)}]`,
  ].join(';');
}

/** The first agent has Mesos's usual ports, each further one a hundred of those below. */
function agentPorts(index: number): string {
  if (index === 0) {
    return '31000-31999';
  }
  const first = 21_000 + (index - 1) * 100;
  return `${first}-${first + 99}`;
}
