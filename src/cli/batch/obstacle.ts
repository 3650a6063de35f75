// Explains why a task fits on no offer.
import type { Unplaced } from '../../core/matcher.ts';
import type { Agents } from './agents.ts';
import { type Constraint, isOfGroup } from './constraints.ts';
import type { BatchTask } from './task-file.ts';

export interface Obstacle {
  /** The matcher's reason for the first waiting task. */
  readonly unplaced: Unplaced;
  readonly waiting: readonly BatchTask[];
  readonly agents: Agents;
  /** The most of a resource in one offer that satisfies the constraints. */
  readonly most: (name: string, constraints: readonly Constraint[]) => number;
  /** Whether any known agent satisfies the constraints, regardless of its free resources. */
  readonly isPossible: (constraints: readonly Constraint[]) => boolean;
}

export function obstacleText(obstacle: Obstacle): string {
  const { unplaced, waiting } = obstacle;
  const task = waiting[unplaced.task];
  const others = waiting.length > 1 ? `; ${waiting.length - 1} more wait` : '';
  const why = whyNot(task, obstacle);
  return `task '${task?.name}'${why}${others}`;
}

function whyNot(task: BatchTask | undefined, obstacle: Obstacle): string {
  const constraints = task?.constraints ?? [];
  const { reason, detail } = obstacle.unplaced;
  const ofAgents = constraints.filter((constraint) => !isOfGroup(constraint));
  switch (reason) {
    case 'too large': {
      const which = ofAgents.length > 0 ? ` with ${textOf(ofAgents)}` : '';
      const amounts = amountsOf(task, detail, ofAgents, obstacle);
      return ` needs more ${detail ?? 'room'} than any of them${which} has${amounts}`;
    }
    case 'constraints':
      return asksFor(ofAgents, obstacle);
    case 'group': {
      const named = constraints.filter(({ placement }) => placement.attribute === detail);
      return asksFor(named.filter(isOfGroup), obstacle);
    }
    case 'no offers':
    case 'invalid demand':
      return `: ${reason}${detail === undefined ? '' : ` (${detail})`}`;
    default:
      return reason satisfies never;
  }
}

/** Such as ` (cpus: 8 needed, 2 there)`. */
function amountsOf(
  task: BatchTask | undefined,
  name: string | undefined,
  constraints: readonly Constraint[],
  { most }: Obstacle,
): string {
  if (name !== 'cpus' && name !== 'mem' && name !== 'disk' && name !== 'gpus') {
    return '';
  }
  return ` (${name}: ${task?.[name] ?? 0} needed, ${most(name, constraints)} there)`;
}

function asksFor(constraints: readonly Constraint[], { agents, isPossible }: Obstacle): string {
  if (isPossible(constraints)) {
    return ` asks for ${textOf(constraints)}, and no agent that has it offers anything now`;
  }
  const attributes = new Set(constraints.map(({ placement }) => placement.attribute));
  return ` asks for ${textOf(constraints)}, but the agents have ${agents.have([...attributes])}`;
}

const textOf = (constraints: readonly Constraint[]) =>
  constraints.map(({ text }) => text).join(' and ');
