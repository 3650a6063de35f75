// Where sandboxes lie: that of a nested container in that of the container it is nested in, as in
// Mesos. All paths are from one folder, or absolute.
import { dirname, join } from 'node:path';
import { namesBelowRoot, parentOf } from '../../model/container-id.ts';
import type { ContainerId } from '../../model/ids.ts';

/** The folder that has the sandboxes of containers that stand alone. */
const STANDALONE = 'containers';
/** The folder in a sandbox that has those of nested containers. */
export const NESTED = 'containers';

export interface SandboxPlace {
  /** The sandbox of the root container. */
  readonly root: string;
  /** The names of the containers below the root, down to this one. */
  readonly names: readonly string[];
}

/** Relative to the work directory. */
export const standaloneSandbox = (name: string): string => join(STANDALONE, name);

/** The sandbox of a container nested in the one that has this sandbox. */
export const nestedSandbox = (sandbox: string, name: string): string => join(sandbox, NESTED, name);

/** The sandbox of the root container, from that of a container in its tree. */
export function rootSandbox(id: ContainerId, sandbox: string): string {
  const parent = parentOf(id);
  return parent === undefined ? sandbox : rootSandbox(parent, dirname(dirname(sandbox)));
}

export const sandboxPlace = (id: ContainerId, sandbox: string): SandboxPlace => ({
  root: rootSandbox(id, sandbox),
  names: namesBelowRoot(id),
});
