// A container's id is a path in a tree: the root container of an executor, and those nested below
// it. As one value it is their ids from the root on, with dots between them; an id itself has no
// dot.
import type { ContainerID } from './generated/messages.ts';
import { type ContainerId, containerId } from './ids.ts';

/** The path of a ContainerID, which names its parent, and so on up to the root. */
export const containerIdOf = ({ value, parent }: ContainerID): ContainerId =>
  parent === undefined ? containerId(value) : childOf(containerIdOf(parent), value);

export function containerIdMessage(id: ContainerId): ContainerID {
  const parent = parentOf(id);
  return parent === undefined
    ? { value: id }
    : { value: nameOf(id), parent: containerIdMessage(parent) };
}

export const childOf = (parent: ContainerId, value: string): ContainerId =>
  containerId(`${parent}.${value}`);

/** Undefined for a root container. */
export function parentOf(id: ContainerId): ContainerId | undefined {
  const dot = id.lastIndexOf('.');
  return dot < 0 ? undefined : containerId(id.slice(0, dot));
}

/** The last part of a container's id. */
export const nameOf = (id: ContainerId): string => id.slice(id.lastIndexOf('.') + 1);

/** The last parts of the ids of the containers below the root, down to this one. */
export const namesBelowRoot = (id: ContainerId): string[] => id.split('.').slice(1);

export const rootOf = (id: ContainerId): ContainerId => containerId(id.split('.', 1)[0] ?? id);

/**
 * The folder of a container below the folder that holds root containers; `between` is the path from
 * a container's folder to those nested in it.
 */
export const containerFolder = (id: ContainerId, between: string): string =>
  id.replaceAll('.', `/${between}/`);
