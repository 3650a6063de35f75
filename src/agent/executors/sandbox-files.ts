// Sandboxes as files to browse. There may be thousands of them, and each piece of a file that is
// read names one: so a path is looked up when it is asked for, without a list of all.
//
// In a sandbox, a persistent volume is a link that leads out of it, or is mounted where only the
// container sees it: so volumes are places of their own, as long as a run has them.
import type { ExecutorId, FrameworkId } from '../../model/ids.ts';
import type { AgentState } from '../state.ts';
import type { Sandboxes, Viewer } from '../views.ts';
import type { Executor } from './executor.ts';
import { sandboxAliases, sandboxDirectory, volumeDirectories } from './sandbox.ts';

const LATEST = 'latest';
const RUN_PATH = /^\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/([^/]+)(?:\/([^/]+))?$/;

interface Found {
  readonly run: Executor;
  readonly directory: string;
}

/**
 * Virtual path → directory of every run in the state that the viewer may see, and of the volumes
 * in it.
 */
export class SandboxFiles implements Sandboxes {
  readonly #agent: AgentState;
  readonly #viewer: Viewer;

  constructor(agent: AgentState, viewer: Viewer) {
    this.#agent = agent;
    this.#viewer = viewer;
  }

  get(path: string): string | undefined {
    const found = this.#find(path);
    return found !== undefined && this.#mayRead(found.run) ? found.directory : undefined;
  }

  denies(path: string): boolean {
    const found = this.#find(path);
    return found !== undefined && !this.#mayRead(found.run);
  }

  #find(path: string): Found | undefined {
    const { workDir } = this.#agent.options;
    const full = `${workDir}/slaves/${this.#agent.id}`;
    const [, framework, executor, name, volume] =
      RUN_PATH.exec(path.startsWith(`${full}/`) ? path.slice(full.length) : path) ?? [];
    if (framework === undefined || executor === undefined || name === undefined) {
      return undefined;
    }
    const run = this.#run(framework as FrameworkId, executor as ExecutorId, name);
    if (run === undefined) {
      return undefined;
    }
    const directory =
      volume === undefined
        ? sandboxDirectory(this.#agent, run)
        : volumeDirectories(this.#agent, run).get(volume);
    return directory === undefined ? undefined : { run, directory };
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
          const volumes = volumeDirectories(this.#agent, executor);
          for (const alias of sandboxAliases(this.#agent, executor)) {
            paths.set(alias, directory);
            for (const [name, volume] of volumes) {
              paths.set(`${alias}/${name}`, volume);
            }
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
