// Volumes that are mounted in a container's own mount namespace, as the launcher makes them.
import { join } from 'node:path';
import type { ContainerId } from '../../model/ids.ts';
import type { RootFileSystem } from '../images/provisioner.ts';
import type { ContainerVolume, Propagation, VolumeKind } from './container-volumes.ts';
import { rootSandbox } from './sandbox-path.ts';

/**
 * A path in two parts: an absolute one that nobody changes whom it could serve, and below it one
 * that is in the hands of a container's user, on which no link is followed.
 */
export interface SplitPath {
  readonly top: string;
  readonly below: readonly string[];
}

/** The whole path, for texts and comparisons, and where nobody can exchange a part of it. */
export const pathOf = ({ top, below }: SplitPath): string => join(top, ...below);

export interface VolumeMount {
  readonly source: /** An absolute path on the host, of the agent's own choice. */
    | { readonly kind: 'host'; readonly path: string }
    /**
     * One that a framework has named: it gets what the container's user can reach, and, where
     * that is shown to everyone, the processes of others.
     */
    | { readonly kind: 'asked'; readonly path: string; readonly showsProcesses?: true }
    /** In a sandbox, where a folder is made if there is nothing. */
    | { readonly kind: 'sandbox'; readonly place: SplitPath }
    /** A file with this content, in memory. */
    | { readonly kind: 'secret'; readonly data: Uint8Array }
    /** The same; a link in its place in the container's files becomes a file. */
    | { readonly kind: 'text'; readonly text: string }
    /**
     * A file of the machine, which may be missing, and then is not mounted. A link in its place in
     * the container's files becomes a file.
     */
    | { readonly kind: 'machine'; readonly path: string }
    /** The files of an image, of which no device and no program gives privileges. */
    | { readonly kind: 'image'; readonly root: RootFileSystem };
  readonly target: SplitPath;
  readonly isReadOnly: boolean;
  /** Of a volume that was asked for. */
  readonly propagation?: Propagation | undefined;
}

/** A container by its id and the absolute path of its sandbox. */
interface Owner {
  readonly id: ContainerId;
  readonly sandbox: string;
}

/** A place in a sandbox. Those of nested containers lie in that of their root container. */
export function placeIn({ id, sandbox }: Owner, names: readonly string[]): SplitPath {
  const top = rootSandbox(id, sandbox);
  return { top, below: [...sandbox.slice(top.length).split('/').filter(Boolean), ...names] };
}

/** `containers` and a name lie between a sandbox and one that is nested in it. */
const LEVELS = 2;

/** A place in the sandbox that a nested container's own lies in. */
export function placeInParent(container: Owner, names: readonly string[]): SplitPath {
  const { top, below } = placeIn(container, []);
  return { top, below: [...below.slice(0, -LEVELS), ...names] };
}

/** A container with its sandbox as it is on the machine, and as it sees it. */
interface Seeing extends Owner {
  readonly sandboxInside: string;
}

/** A place in a sandbox as the container finds it. */
export const placeInside = (container: Seeing, names: readonly string[]): SplitPath =>
  container.sandboxInside === container.sandbox
    ? placeIn(container, names)
    : { top: container.sandboxInside, below: names };

/** Where a container finds a volume. */
export const targetPlace = (
  container: Seeing,
  { target }: Pick<ContainerVolume<VolumeKind>, 'target'>,
): SplitPath =>
  typeof target === 'string' ? { top: target, below: [] } : placeInside(container, target);
