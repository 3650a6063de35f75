import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ContainerKind } from '../../src/containerizer/plan/place.ts';
import {
  createTree,
  launchVerdict,
  MAKING,
  stepTree,
  type Tree,
  type TreeEffect,
  type TreeEvent,
} from '../../src/containerizer/tree.ts';
import { parentOf } from '../../src/model/container-id.ts';
import { type ContainerId, containerId } from '../../src/model/ids.ts';

const at = (id: string, kind: ContainerKind = id.includes('.') ? 'nested' : 'standalone') => ({
  id: containerId(id),
  kind,
  sandbox: id,
  isBound: false,
  resources: [],
});

/** A tree whose containers run. */
function running(...ids: string[]): Tree {
  const tree = createTree();
  for (const id of ids) {
    stepTree(tree, { type: 'launch', ...at(id) });
    stepTree(tree, { type: 'started', id: containerId(id) });
  }
  return tree;
}

const step = (tree: Tree, type: 'destroy' | 'cleaned' | 'forget' | 'started', id: string) =>
  stepTree(tree, { type, id: containerId(id) }).map(shown);

const exited = (tree: Tree, id: string, waitStatus: number) =>
  stepTree(tree, { type: 'exited', id: containerId(id), end: { waitStatus } }).map(shown);

const shown = (effect: TreeEffect) =>
  effect.type === 'settle' ? `settle ${effect.waiters.join()}` : `${effect.type} ${effect.id}`;

test('a container is destroyed from its leaves', () => {
  const tree = running('a', 'a.b', 'a.b.c', 'a.d');
  expect(step(tree, 'destroy', 'a')).toEqual(['end a.b.c', 'end a.d']);
  expect(exited(tree, 'a.b.c', 9)).toEqual(['clean a.b.c']);
  expect(step(tree, 'cleaned', 'a.b.c')).toEqual(['end a.b']);
  expect(exited(tree, 'a.d', 9)).toEqual(['clean a.d']);
  expect(step(tree, 'cleaned', 'a.d')).toEqual([]);
  expect(exited(tree, 'a.b', 9)).toEqual(['clean a.b']);
  expect(step(tree, 'cleaned', 'a.b')).toEqual(['end a']);
  expect(exited(tree, 'a', 9)).toEqual(['clean a']);
  // How those below have ended is forgotten with the root.
  expect(step(tree, 'cleaned', 'a')).toEqual(['discard a.d', 'discard a.b']);
  expect([...tree.nodes.keys()]).toEqual(['a']);
});

test('what is nested in a container whose process has ended is destroyed first', () => {
  const tree = running('a', 'a.b');
  expect(exited(tree, 'a.b', 0)).toEqual(['clean a.b']);
  step(tree, 'cleaned', 'a.b');
  stepTree(tree, { type: 'launch', ...at('a.c') });
  step(tree, 'started', 'a.c');
  expect(exited(tree, 'a', 0)).toEqual(['end a.c']);
  expect(exited(tree, 'a.c', 9)).toEqual(['clean a.c']);
  expect(step(tree, 'cleaned', 'a.c')).toEqual(['clean a']);
});

test('those who wait are told when the container is cleaned up', () => {
  const tree = running('a', 'a.b');
  const id = containerId('a.b');
  stepTree(tree, { type: 'wait', id, waiter: 1 });
  stepTree(tree, { type: 'wait', id, waiter: 2 });
  stepTree(tree, { type: 'leave', id, waiter: 1 });
  expect(exited(tree, 'a.b', 768)).toEqual(['clean a.b']);
  expect(stepTree(tree, { type: 'cleaned', id })).toEqual([
    { type: 'settle', waiters: [2], termination: { waitStatus: 768, hasRun: true } },
  ]);
  expect(tree.waiters).toBe(0);
});

test('nothing is launched where there is no parent that runs', () => {
  const tree = running('a');
  stepTree(tree, { type: 'launch', ...at('b') });
  stepTree(tree, { type: 'reached', id: containerId('b'), state: 'fetching' });
  const verdict = (id: string) => launchVerdict(tree, containerId(id));
  expect(verdict('a')).toBe('exists');
  expect(verdict('a.n')).toBe('launch');
  expect(verdict('c.n')).toEqual({ refusal: 'Parent container c does not exist' });
  expect(verdict('b.n')).toEqual({ refusal: "Parent container b is in 'FETCHING' state" });
  step(tree, 'destroy', 'a');
  expect(verdict('a.n')).toEqual({ refusal: "Parent container a is in 'DESTROYING' state" });
  exited(tree, 'a', 9);
  step(tree, 'cleaned', 'a');
  expect(verdict('a.n')).toEqual({ refusal: 'Parent container a does not exist' });
  expect(verdict('a')).toBe('launch');
});

test('a launch that is given up, and was quicker, is ended', () => {
  const tree = createTree();
  stepTree(tree, { type: 'launch', ...at('a') });
  expect(step(tree, 'destroy', 'a')).toEqual(['end a']);
  expect(step(tree, 'started', 'a')).toEqual(['end a']);
  expect(exited(tree, 'a', 9)).toEqual(['clean a']);
});

test.each(MAKING)('a launch that fails while it is %s leaves how', (state) => {
  const tree = createTree();
  const id = containerId('a');
  stepTree(tree, { type: 'launch', ...at('a') });
  stepTree(tree, { type: 'reached', id, state });
  expect(stepTree(tree, { type: 'failed', id, failure: 'why' }).map(shown)).toEqual(['clean a']);
  step(tree, 'cleaned', 'a');
  const waitStatus = state === 'fetching' || state === 'isolating' ? { waitStatus: 9 } : {};
  expect(tree.nodes.get(id)?.termination).toEqual({ failure: 'why', hasRun: false, ...waitStatus });
});

test('of a thousand that have ended the oldest is forgotten', () => {
  const tree = running('a');
  for (let index = 0; index <= 1_000; index++) {
    stepTree(tree, { type: 'launch', ...at(`a.n${index}`) });
    step(tree, 'started', `a.n${index}`);
    exited(tree, `a.n${index}`, 0);
    const effects = step(tree, 'cleaned', `a.n${index}`);
    expect(effects).toEqual(index < 1_000 ? [] : ['discard a.n0']);
  }
  expect(tree.nodes.size).toBe(1_001);
});

test('whatever happens, a container ends after all that is nested in it', () => {
  const ids = ['a', 'a.b', 'a.b.c', 'a.d', 'e', 'e.f'].map((id) => containerId(id));
  const kinds = [
    'launch',
    'started',
    'failed',
    'exited',
    'destroy',
    'cleaned',
    'wait',
    'forget',
  ] as const;
  const acts = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.constantFrom(...ids)), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(acts, (list) => {
      const world = new World();
      for (const [kind, id] of list) {
        world.act(kind, id);
        world.check();
      }
      world.finish();
      expect(world.tree.live).toBe(0);
      expect(world.tree.waiters).toBe(0);
    }),
  );
});

/** Answers effects when the test lets it, as a performer may take its time. */
class World {
  readonly tree = createTree();
  /** Containers whose process or launch is to end, and those that are to be cleaned up. */
  readonly ending = new Set<ContainerId>();
  readonly cleaning = new Set<ContainerId>();
  #waiter = 0;

  act(kind: string, id: ContainerId): void {
    const state = this.tree.nodes.get(id)?.state;
    switch (kind) {
      case 'launch':
        if (launchVerdict(this.tree, id) === 'launch') {
          this.#step({ type: 'launch', ...at(id) });
        }
        return;
      case 'started':
      case 'failed':
        if (state === 'provisioning') {
          this.#step(kind === 'started' ? { type: kind, id } : { type: kind, id, failure: 'why' });
        }
        return;
      case 'exited':
        if (state === 'running' || this.ending.has(id)) {
          this.#step({ type: 'exited', id, end: { waitStatus: 0 } });
        }
        return;
      case 'cleaned':
        if (this.cleaning.has(id)) {
          this.#step({ type: 'cleaned', id });
        }
        return;
      case 'wait':
        if (state !== undefined && state !== 'ended') {
          this.#step({ type: 'wait', id, waiter: ++this.#waiter });
        }
        return;
      default:
        this.#step({ type: kind as 'destroy' | 'forget', id });
    }
  }

  #step(event: TreeEvent): void {
    this.ending.delete(event.type === 'exited' || event.type === 'failed' ? event.id : none);
    this.cleaning.delete(event.type === 'cleaned' ? event.id : none);
    for (const effect of stepTree(this.tree, event)) {
      if (effect.type === 'end') {
        this.ending.add(effect.id);
      } else if (effect.type === 'clean') {
        // Once, and when its process has ended.
        expect(this.ending.has(effect.id) || this.cleaning.has(effect.id)).toBe(false);
        this.cleaning.add(effect.id);
      }
    }
  }

  check(): void {
    for (const { id, state, live } of this.tree.nodes.values()) {
      const parent = parentOf(id);
      const above = parent && this.tree.nodes.get(parent);
      if (state !== 'ended' && parent !== undefined) {
        expect(above?.state).not.toBe('ended');
        expect(above?.live.has(id)).toBe(true);
      }
      expect(state === 'ended' && live.size > 0).toBe(false);
    }
  }

  /** Everything is destroyed, and every effect is answered. */
  finish(): void {
    for (const id of [...this.tree.nodes.keys()]) {
      this.act('destroy', id);
    }
    while (this.ending.size > 0 || this.cleaning.size > 0) {
      for (const id of [...this.ending]) {
        this.act('exited', id);
      }
      for (const id of [...this.cleaning]) {
        this.act('cleaned', id);
      }
    }
  }
}

const none = containerId('');
