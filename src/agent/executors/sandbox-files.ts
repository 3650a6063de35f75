// Sandboxes as files to browse. There may be thousands of them, and each piece of a file that is
// read names one: so a path is looked up when it is asked for, without a list of all.
import type { ExecutorId, FrameworkId } from '../../model/ids.ts';
import type { AgentState } from '../state.ts';
import type { Sandboxes, Viewer } from '../views.ts';
import type { Executor } from './executor.ts';
import { sandboxAliases, sandboxDirectory } from './sandbox.ts';

const LATEST = 'latest';
const RUN_PATH = /^\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/([^/]+)$/;

/** Virtual path → directory of every run in the state that the viewer may see. */
export class SandboxFiles implements Sandboxes {
  readonly #agent: AgentState;
  readonly #viewer: Viewer;

  constructor(agent: AgentState, viewer: Viewer) {
    this.#agent = agent;
    this.#viewer = viewer;
  }

  get(path: string): string | undefined {
    const found = this.#find(path);
    return found !== undefined && this.#mayRead(found)
      ? sandboxDirectory(this.#agent, found)
      : undefined;
  }

  denies(path: string): boolean {
    const found = this.#find(path);
    return found !== undefined && !this.#mayRead(found);
  }

  #find(path: string): Executor | undefined {
    const { workDir } = this.#agent.options;
    const full = `${workDir}/slaves/${this.#agent.id}`;
    const [, framework, executor, run] =
      RUN_PATH.exec(path.startsWith(`${full}/`) ? path.slice(full.length) : path) ?? [];
    if (framework === undefined || executor === undefined || run === undefined) {
      return undefined;
    }
    return this.#run(framework as FrameworkId, executor as ExecutorId, run);
  }

  #run(frameworkId: FrameworkId, executorId: ExecutorId, run: string): Executor | undefined {
    const { frameworks, completedFrameworks } = this.#agent;
    const framework = frameworks.get(frameworkId) ?? completedFrameworks.get(frameworkId);
    if (framework === undefined) {
      return undefined;
    }
    const isIt = (executor: Executor) =>
      executor.executorId === executorId && (run === LATEST || executor.containerId === run);
    const current = framework.executors.get(executorId);
    return current !== undefined && isIt(current) ? current : framework.completed.findLast(isIt);
  }

  #mayRead({ info, framework }: Executor): boolean {
    const { authorizer, principal } = this.#viewer;
    const object = { executor: info, framework: framework.info };
    return authorizer.authorize(principal, 'ACCESS_SANDBOX', object);
  }

  has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  /** All paths, those of older runs first, so that a later run takes over `latest`. */
  #all(): Map<string, string> {
    const paths = new Map<string, string>();
    const { frameworks, completedFrameworks } = this.#agent;
    for (const framework of [...completedFrameworks.values(), ...frameworks.values()]) {
      for (const executor of [...framework.completed, ...framework.executors.values()]) {
        if (this.#mayRead(executor)) {
          const directory = sandboxDirectory(this.#agent, executor);
          for (const alias of sandboxAliases(this.#agent, executor)) {
            paths.set(alias, directory);
          }
        }
      }
    }
    return paths;
  }

  get size(): number {
    return this.#all().size;
  }

  entries() {
    return this.#all().entries();
  }

  keys() {
    return this.#all().keys();
  }

  values() {
    return this.#all().values();
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  forEach(visit: (value: string, key: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [path, directory] of this.#all()) {
      visit(directory, path, this);
    }
  }
}
