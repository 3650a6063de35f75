// How agents, frameworks and machines are, in words.
import { DrainState } from '../../model/generated/messages.ts';
import { type AgentRow, type FrameworkRow, USUAL_PORT } from '../store/rows.ts';
import type { Kind } from './task-states.ts';

export interface Condition {
  /** In links. */
  readonly key: string;
  readonly text: string;
  readonly kind: Kind;
  readonly means: string;
}

/**
 * What people call an agent: its host, and its port where that may tell it from others there; its
 * id where its host is not known.
 */
export function agentName(agent: AgentRow): string;
export function agentName(agent: AgentRow | undefined): string | undefined;
export function agentName(agent: AgentRow | undefined): string | undefined {
  if (agent === undefined) {
    return undefined;
  }
  const { id, hostname, port } = agent;
  return port === USUAL_PORT || hostname === '' ? hostname || id : `${hostname}:${port}`;
}

export const AGENT_CONDITIONS = {
  active: { key: 'active', text: 'Active', kind: 'good', means: 'It is offered to frameworks.' },
  draining: {
    ...{ key: 'draining', text: 'Draining', kind: 'warn' },
    means: 'Its tasks are being ended, as an operator has asked. It is not offered.',
  },
  drained: {
    ...{ key: 'drained', text: 'Drained', kind: 'done' },
    means: 'Its tasks have ended, as an operator has asked. It is not offered.',
  },
  deactivated: {
    ...{ key: 'deactivated', text: 'Deactivated', kind: 'warn' },
    means: 'Its tasks run on. It is not offered, as an operator has asked.',
  },
  disconnected: {
    ...{ key: 'disconnected', text: 'Disconnected', kind: 'bad' },
    means: 'The master hears nothing of it. It is not offered; its tasks may run on.',
  },
  recovered: {
    ...{ key: 'recovered', text: 'Not back yet', kind: 'lost' },
    means: 'The master knows it from before it was started anew, and waits for it.',
  },
} as const satisfies Readonly<Record<string, Condition>>;

/** Of agents that are not there. */
export const AWAY_CONDITIONS = {
  unreachable: {
    ...{ key: 'unreachable', text: 'Unreachable', kind: 'bad' },
    means:
      'It has not answered for so long that others take the place of its tasks. These may run on, and come back with it.',
  },
  gone: {
    ...{ key: 'gone', text: 'Gone', kind: 'done' },
    means: 'An operator has said that it will never be back. It is not let in under its id.',
  },
} as const satisfies Readonly<Record<string, Condition>>;

export function agentCondition(agent: AgentRow): Condition {
  if (agent.loss !== undefined) {
    return agent.loss.isGone ? AWAY_CONDITIONS.gone : AWAY_CONDITIONS.unreachable;
  }
  if (agent.isRecovered) {
    return AGENT_CONDITIONS.recovered;
  }
  if (agent.drainState === DrainState.DRAINING) {
    return AGENT_CONDITIONS.draining;
  }
  if (agent.drainState === DrainState.DRAINED) {
    return AGENT_CONDITIONS.drained;
  }
  if (agent.deactivated) {
    return AGENT_CONDITIONS.deactivated;
  }
  return agent.active ? AGENT_CONDITIONS.active : AGENT_CONDITIONS.disconnected;
}

export const FRAMEWORK_CONDITIONS = {
  active: {
    ...{ key: 'active', text: 'Active', kind: 'good' },
    means: 'Its scheduler is connected, and is offered what it does not refuse.',
  },
  suppressed: {
    ...{ key: 'suppressed', text: 'Suppressed', kind: 'done' },
    means: 'It wants no offers now, as it has said itself.',
  },
  inactive: {
    ...{ key: 'inactive', text: 'Inactive', kind: 'warn' },
    means: 'Its scheduler is connected, and gets no offers.',
  },
  disconnected: {
    ...{ key: 'disconnected', text: 'Disconnected', kind: 'bad' },
    means: 'Its scheduler is not connected. Its tasks run on until its time to come back is over.',
  },
  recovered: {
    ...{ key: 'recovered', text: 'Not back yet', kind: 'lost' },
    means: 'Agents know it from before the master was started anew; its scheduler is not back.',
  },
  completed: {
    ...{ key: 'completed', text: 'Completed', kind: 'done' },
    means: 'It is gone for good, and so are its tasks.',
  },
} as const satisfies Readonly<Record<string, Condition>>;

export const MACHINE_CONDITIONS = {
  draining: {
    ...{ key: 'draining', text: 'Scheduled', kind: 'warn' },
    means: 'Frameworks are asked to leave it for its maintenance.',
  },
  down: {
    ...{ key: 'down', text: 'Down', kind: 'bad' },
    means: 'It is under maintenance: agents on it are turned away.',
  },
} as const satisfies Readonly<Record<string, Condition>>;

export function frameworkCondition(framework: FrameworkRow): Condition {
  if (framework.isCompleted) {
    return FRAMEWORK_CONDITIONS.completed;
  }
  if (framework.recovered) {
    return FRAMEWORK_CONDITIONS.recovered;
  }
  if (!framework.connected) {
    return FRAMEWORK_CONDITIONS.disconnected;
  }
  if (!framework.active) {
    return FRAMEWORK_CONDITIONS.inactive;
  }
  const { roles, suppressedRoles } = framework;
  return roles.length > 0 && roles.every((role) => suppressedRoles.includes(role))
    ? FRAMEWORK_CONDITIONS.suppressed
    : FRAMEWORK_CONDITIONS.active;
}
