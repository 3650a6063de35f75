// Views of the store: they are drawn again when it has changed, but not for each event.
import { signal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Changes, Cluster } from '../store/cluster.ts';
import type { TaskRow } from '../store/rows.ts';
import { TaskList, type TaskQuery } from '../store/task-list.ts';
import { cluster } from '../stream/connection.ts';

/** How often what has changed is shown. */
const EVERY_MS = 400;

/** What has changed with the last look; each look has a value of its own. */
const changes = signal<Changes>({ tasks: new Set(), gone: new Set() });

/**
 * Looks for changes from now on. Also while the tab is hidden, more seldom then, as browsers have
 * it: what is forgotten would be kept as a change else, for as long as nobody looks.
 */
export function followStore(): void {
  window.setInterval(() => {
    if (cluster.value?.hasChanged) {
      changes.value = cluster.value.takeChanges();
    }
  }, EVERY_MS);
}

/** The cluster; who asks is drawn again when it has changed. Undefined until it was told. */
export function useCluster(): Cluster | undefined {
  void changes.value;
  return cluster.value;
}

/** A list that follows its cluster until it is ended. */
class FollowedTasks {
  readonly #list: TaskList;
  readonly end: () => void;
  onOther: () => void = () => {};

  constructor(tasks: Iterable<TaskRow>, query: TaskQuery) {
    const first = changes.peek();
    this.#list = new TaskList(tasks, query);
    this.end = changes.subscribe((next) => {
      if (next !== first && this.#list.update(next)) {
        this.onOther();
      }
    });
  }

  get rows(): readonly TaskRow[] {
    return this.#list.rows;
  }
}

/**
 * Tasks by a query, kept as they change; `about` stands for the query. Undefined until the cluster
 * was told.
 */
export function useTasks(about: string, query: TaskQuery): readonly TaskRow[] | undefined {
  const now = cluster.value;
  const [, redraw] = useState(0);
  const followed = useMemo(
    () => (now === undefined ? undefined : new FollowedTasks(now.tasks(), query)),
    [now, about],
  );
  useEffect(() => {
    if (followed === undefined) {
      return undefined;
    }
    followed.onOther = () => redraw((count) => count + 1);
    return () => followed.end();
  }, [followed]);
  return followed?.rows;
}
