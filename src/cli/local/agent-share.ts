// How the agents of one machine share it. An agent's share may be another at every start; its ports
// never are, so that a task that goes on keeps ports which no other agent gives away.
import type { Machine } from '../agent/machine-resources.ts';

const GB_IN_MB = 1024;

/** The most agents that have ports of their own. */
export const MOST_AGENTS = 100;

/** An even share of the machine for each of so many agents; `index` counts from 0. */
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

/** The first agent has Mesos's usual ones, each further one a hundred of those below. */
function agentPorts(index: number): string {
  if (index === 0) {
    return '31000-31999';
  }
  const first = 21_000 + (index - 1) * 100;
  return `${first}-${first + 99}`;
}
