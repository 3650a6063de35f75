// Containers as a tree, as a pure machine: what happens to them comes in as events, and what has
// to be done about it goes out as effects. At the roots are the containers of executors, and those
// that stand alone; below them those nested in them, to any depth, and debug sessions.
//
//   provisioning ▶ preparing ▶ fetching ▶ isolating ▶ running ─┐
//        └──────────┴────────────┴───────────┴── failed ───────┤ exited, or asked to end
//                                                   destroying ◀┘ ─── cleaned ──▶ ended
//
// A container is destroyed from its leaves: first what is nested in it has ended, then its own
// process is ended, then what isolators made for it is cleaned up. Only then is it said to have
// ended. One that is nested stays, with how it ended, until it is removed or its root has ended.
import { parentOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';
import type { EndRecord } from './container-end.ts';
import type { Limitation } from './limitation.ts';
import type { Place } from './plan/place.ts';

/** Of a container whose process does not run yet, in this order. */
export const MAKING = ['provisioning', 'preparing', 'fetching', 'isolating'] as const;
export type Making = (typeof MAKING)[number];
export type ContainerState = Making | 'running' | 'destroying' | 'ended';

/** How a container ended. Without a wait status it had no process, or that is not known. */
export interface Termination extends EndRecord {
  /** False where it could not be launched; `failure` then says why. */
  readonly hasRun: boolean;
  /** What it used too much of, where it was ended for that. */
  readonly limitation?: Limitation | undefined;
}

export interface TreeNode extends Place {
  readonly id: ContainerId;
  /** Whether an earlier agent has launched it. */
  readonly isFound: boolean;
  state: ContainerState;
  /** Those that have not ended, in the order of their launch. */
  readonly live: Set<ContainerId>;
  /** Those that have, and were not removed: the oldest first. */
  readonly ended: Set<ContainerId>;
  /** Its process has ended, or it has none. */
  isOver: boolean;
  isCleaning: boolean;
  limitation: Limitation | undefined;
  termination: Termination | undefined;
  /** Who wait for its end, by number. */
  readonly waiters: Set<number>;
}

export interface Tree {
  readonly nodes: Map<ContainerId, TreeNode>;
  /** Those that stand alone and have ended: the oldest first. */
  readonly ended: Set<ContainerId>;
  /** How many have not ended, and how many wait for an end. */
  live: number;
  waiters: number;
}

export type TreeEvent =
  /** Only where `launchVerdict` says so. */
  | ({ readonly type: 'launch'; readonly id: ContainerId } & Place)
  /** An earlier agent's, that may run: it is destroyed, or watched until it ends. */
  | ({ readonly type: 'found'; readonly id: ContainerId } & Place)
  | { readonly type: 'reached'; readonly id: ContainerId; readonly state: Making }
  | { readonly type: 'started'; readonly id: ContainerId }
  /** Its launch has failed, or was given up: it has no process. */
  | { readonly type: 'failed'; readonly id: ContainerId; readonly failure: string }
  | { readonly type: 'exited'; readonly id: ContainerId; readonly end: EndRecord }
  | {
      readonly type: 'destroy';
      readonly id: ContainerId;
      readonly limitation?: Limitation | undefined;
    }
  | { readonly type: 'cleaned'; readonly id: ContainerId }
  /** Only while it has not ended, and there is room. */
  | { readonly type: 'wait'; readonly id: ContainerId; readonly waiter: number }
  | { readonly type: 'leave'; readonly id: ContainerId; readonly waiter: number }
  /** Nothing that is left of one that has ended must be known any more. */
  | { readonly type: 'forget'; readonly id: ContainerId };

export type TreeEffect =
  /** Ends its process, or its launch: `exited` or `failed` answers. */
  | { readonly type: 'end'; readonly id: ContainerId }
  /** Undoes what was made for it, in reverse order: `cleaned` answers. */
  | { readonly type: 'clean'; readonly id: ContainerId }
  | {
      readonly type: 'settle';
      readonly waiters: readonly number[];
      readonly termination: Termination;
    }
  /** Removes the records, with those of what was nested in it. */
  | { readonly type: 'discard'; readonly id: ContainerId };

/** Containers that have not ended, and waiters, on one agent. */
const MAX_LIVE = 100_000;
export const MAX_WAITERS = 10_000;
/** Of those nested in one, or of those that stand alone, that have ended and were not removed. */
const MAX_ENDED = 1_000;
/** What a process that was killed has as its wait status. */
const KILLED_STATUS = 9;

export const createTree = (): Tree => ({
  nodes: new Map(),
  ended: new Set(),
  live: 0,
  waiters: 0,
});

/** Whether a container may be launched under this id; `exists`: it is there, and has not ended. */
export function launchVerdict(
  tree: Tree,
  id: ContainerId,
): 'launch' | 'exists' | { readonly refusal: string } {
  const known = tree.nodes.get(id);
  if (known !== undefined && known.state !== 'ended') {
    return 'exists';
  }
  const parent = parentOf(id);
  if (parent !== undefined) {
    const above = tree.nodes.get(parent);
    if (above === undefined || above.state === 'ended') {
      return { refusal: `Parent container ${parent} does not exist` };
    }
    if (above.state !== 'running') {
      const state = above.state.toUpperCase();
      return { refusal: `Parent container ${parent} is in '${state}' state` };
    }
  }
  return tree.live < MAX_LIVE
    ? 'launch'
    : { refusal: `This agent has ${MAX_LIVE} containers, and takes no more` };
}

export function stepTree(tree: Tree, event: TreeEvent): TreeEffect[] {
  const { id } = event;
  if (event.type === 'launch' || event.type === 'found') {
    return add(tree, event);
  }
  const node = tree.nodes.get(id);
  if (node === undefined) {
    return [];
  }
  switch (event.type) {
    case 'reached':
      if (isMaking(node.state)) {
        node.state = event.state;
      }
      return [];
    case 'started':
      if (node.state === 'destroying') {
        // It was to be given up, and was quicker.
        return [{ type: 'end', id }];
      }
      node.state = 'running';
      return [];
    case 'failed':
      return over(tree, node, failureOf(node, event.failure));
    case 'exited':
      return over(tree, node, { ...event.end, hasRun: true });
    case 'destroy':
      node.limitation ??= event.limitation;
      return destroy(tree, node);
    case 'cleaned':
      return cleaned(tree, node);
    case 'wait':
      node.waiters.add(event.waiter);
      tree.waiters++;
      return [];
    case 'leave':
      tree.waiters -= node.waiters.delete(event.waiter) ? 1 : 0;
      return [];
    case 'forget':
      return forget(tree, node);
  }
}

const isMaking = (state: ContainerState): state is Making =>
  (MAKING as readonly string[]).includes(state);

function add(tree: Tree, event: Extract<TreeEvent, { type: 'launch' | 'found' }>): TreeEffect[] {
  const { type, id, kind, sandbox, user, isBound, resources } = event;
  const before = tree.nodes.get(id);
  // What was nested in one that has ended goes with it when its id is used again.
  const effects = before === undefined ? [] : forget(tree, before);
  tree.nodes.set(id, {
    id,
    kind,
    sandbox,
    user,
    isBound,
    resources,
    isFound: type === 'found',
    state: type === 'launch' ? 'provisioning' : 'running',
    live: new Set(),
    ended: new Set(),
    isOver: false,
    isCleaning: false,
    limitation: undefined,
    termination: undefined,
    waiters: new Set(),
  });
  tree.live++;
  parentNode(tree, id)?.live.add(id);
  return effects;
}

const parentNode = (tree: Tree, id: ContainerId): TreeNode | undefined => {
  const parent = parentOf(id);
  return parent === undefined ? undefined : tree.nodes.get(parent);
};

/**
 * The process of a container is there before its files are fetched, in Mesos: it then counts as
 * killed where that fails.
 */
const failureOf = ({ state }: TreeNode, failure: string): Termination =>
  state === 'fetching' || state === 'isolating'
    ? { hasRun: false, failure, waitStatus: KILLED_STATUS }
    : { hasRun: false, failure };

function over(tree: Tree, node: TreeNode, termination: Termination): TreeEffect[] {
  if (node.isOver) {
    return [];
  }
  node.isOver = true;
  node.termination = termination;
  return destroy(tree, node);
}

function destroy(tree: Tree, node: TreeNode): TreeEffect[] {
  if (node.state === 'ended') {
    return [];
  }
  const isFirst = node.state !== 'destroying';
  node.state = 'destroying';
  if (node.live.size > 0) {
    return isFirst ? liveChildren(tree, node).flatMap((child) => destroy(tree, child)) : [];
  }
  return isFirst || node.isOver ? goOn(node) : [];
}

/** Nothing is left below the container. */
function goOn(node: TreeNode): TreeEffect[] {
  const { id, isOver, isCleaning } = node;
  if (!isOver) {
    return [{ type: 'end', id }];
  }
  node.isCleaning = true;
  return isCleaning ? [] : [{ type: 'clean', id }];
}

const liveChildren = (tree: Tree, { live }: TreeNode): TreeNode[] =>
  [...live].flatMap((id) => tree.nodes.get(id) ?? []);

function cleaned(tree: Tree, node: TreeNode): TreeEffect[] {
  if (node.state !== 'destroying' || !node.isCleaning) {
    return [];
  }
  const { id, limitation } = node;
  const { termination: end = { hasRun: false } } = node;
  const termination = limitation === undefined ? end : { ...end, limitation };
  node.state = 'ended';
  node.termination = termination;
  tree.live--;
  const settled = settle(tree, node, termination);
  const above = parentNode(tree, id);
  if (above === undefined) {
    // How those below have ended is nobody's concern when their root is gone.
    const below = [...node.ended].flatMap((child) => forgetNamed(tree, child));
    return [...settled, ...below, ...(node.kind === 'executor' ? [] : keep(tree, tree.ended, id))];
  }
  above.live.delete(id);
  const kept = keep(tree, above.ended, id);
  return above.state === 'destroying' && above.live.size === 0
    ? [...settled, ...kept, ...goOn(above)]
    : [...settled, ...kept];
}

function settle(tree: Tree, node: TreeNode, termination: Termination): TreeEffect[] {
  const waiters = [...node.waiters];
  tree.waiters -= waiters.length;
  node.waiters.clear();
  return waiters.length === 0 ? [] : [{ type: 'settle', waiters, termination }];
}

/** Of many that have ended and are not removed the oldest is not known any more. */
function keep(tree: Tree, ended: Set<ContainerId>, id: ContainerId): TreeEffect[] {
  ended.add(id);
  const [oldest] = ended;
  return ended.size <= MAX_ENDED || oldest === undefined ? [] : forgetNamed(tree, oldest);
}

const forgetNamed = (tree: Tree, id: ContainerId): TreeEffect[] => {
  const node = tree.nodes.get(id);
  return node === undefined ? [] : forget(tree, node);
};

function forget(tree: Tree, node: TreeNode): TreeEffect[] {
  if (node.state !== 'ended') {
    return [];
  }
  remove(tree, node);
  return [{ type: 'discard', id: node.id }];
}

function remove(tree: Tree, node: TreeNode): void {
  for (const child of node.ended) {
    const below = tree.nodes.get(child);
    if (below !== undefined) {
      remove(tree, below);
    }
  }
  tree.nodes.delete(node.id);
  (parentNode(tree, node.id) ?? tree).ended.delete(node.id);
}
