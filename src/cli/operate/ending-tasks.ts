// How many tasks something takes away, and whose: what operators are told before they do it.
import type { Task } from '../../model/generated/messages.ts';
import { counted } from '../counted.ts';
import type { Cluster } from './connection/cluster.ts';
import { frameworkNames, tasksOf } from './connection/things.ts';

const MOST_TOLD = 5;

/** `3 tasks (2 of web, 1 of batch)`. */
export async function tasksText(
  cluster: Cluster,
  isMeant: (task: Task) => boolean,
): Promise<{ readonly count: number; readonly text: string }> {
  const [tasks, names] = await Promise.all([tasksOf(cluster), frameworkNames(cluster)]);
  const meant = tasks.filter(isMeant);
  return { count: meant.length, text: textOf(meant, names.nameOf) };
}

function textOf(tasks: readonly Task[], nameOf: (id: string) => string): string {
  const byFramework = Map.groupBy(tasks, ({ framework_id }) => framework_id.value);
  const told = [...byFramework]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([id, { length }]) => `${length} of ${nameOf(id)}`);
  const more = told.length > MOST_TOLD ? `, … of ${told.length} frameworks` : '';
  const whose = told.length === 0 ? '' : ` (${told.slice(0, MOST_TOLD).join(', ')}${more})`;
  return `${counted(tasks.length, 'task')}${whose}`;
}
