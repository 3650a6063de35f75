// How many agents and frameworks are in each condition, as their lists tell it: metrics of the
// master know fewer conditions, and would give other numbers for the same words.
import { agentCondition, type Condition, frameworkCondition } from '../words/conditions.ts';
import type { Cluster } from './cluster.ts';

export type ConditionCounts = ReadonlyMap<string, number>;

/** By keys of conditions. */
export const agentCounts = ({ agents }: Cluster): ConditionCounts =>
  counted(agents.values(), agentCondition);

/** By keys of conditions. */
export const frameworkCounts = ({ frameworks }: Cluster): ConditionCounts =>
  counted(frameworks.values(), frameworkCondition);

function counted<Row>(rows: Iterable<Row>, of: (row: Row) => Condition): ConditionCounts {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const { key } = of(row);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
