// Why a task fits nowhere, in words.
import type { Unplaced } from '../../core/matcher.ts';
import type { Agents } from './agents.ts';
import { type Constraint, isOfGroup } from './constraints.ts';
import type { BatchTask } from './task-file.ts';

export interface Obstacle {
  /** What the matcher says of the first of the tasks that wait. */
  readonly unplaced: Unplaced;
  readonly waiting: readonly BatchTask[];
  readonly agents: Agents;
  /** Whether any of the agents satisfies constraints, were it empty. */
  readonly isPossible: (constraints: readonly Constraint[]) => boolean;
}

export function obstacleText(obstacle: Obstacle): string {
  const { unplaced, waiting } = obstacle;
  const task = waiting[unplaced.task];
  const others = waiting.length > 1 ? `; ${waiting.length - 1} more wait` : '';
  const why = whyNot(task?.constraints ?? [], obstacle);
  return `task '${task?.name}'${why}${others}`;
}

function whyNot(constraints: readonly Constraint[], obstacle: Obstacle): string {
  const { reason, detail } = obstacle.unplaced;
  const ofAgents = constraints.filter((constraint) => !isOfGroup(constraint));
  switch (reason) {
    case 'too large': {
      const which = ofAgents.length > 0 ? ` with ${textOf(ofAgents)}` : '';
      return ` needs more ${detail ?? 'room'} than any of them${which} has`;
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

function asksFor(constraints: readonly Constraint[], { agents, isPossible }: Obstacle): string {
  if (isPossible(constraints)) {
    return ` asks for ${textOf(constraints)}, and no agent that has it offers anything now`;
  }
  const attributes = new Set(constraints.map(({ placement }) => placement.attribute));
  return ` asks for ${textOf(constraints)}, but the agents have ${agents.have([...attributes])}`;
}

const textOf = (constraints: readonly Constraint[]) =>
  constraints.map(({ text }) => text).join(' and ');
