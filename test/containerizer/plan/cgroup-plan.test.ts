// In which cgroups containers are.
import { expect, test } from 'vitest';
import {
  type CgroupHierarchy,
  type CgroupPlacement,
  cgroupPlacement,
  cgroupViews,
  handingOn,
  sharedPlacement,
} from '../../../src/containerizer/plan/cgroup-plan.ts';
import { childOf } from '../../../src/model/container-id.ts';
import { containerId } from '../../../src/model/ids.ts';

const v1: readonly CgroupHierarchy[] = [
  { version: 1, root: '/cg/freezer/mesos', controllers: ['freezer'] },
  { version: 1, root: '/cg/memory/mesos', controllers: ['memory'] },
];
const v2: readonly CgroupHierarchy[] = [
  { version: 2, root: '/cg/mesos', controllers: ['cpu', 'memory'] },
];
const pod = containerId('pod');
const task = childOf(pod, 'task');

test.each<[what: string, hierarchies: readonly CgroupHierarchy[], CgroupPlacement]>([
  [
    'in v1 a container joins what is its own',
    v1,
    {
      own: ['/cg/freezer/mesos/pod', '/cg/memory/mesos/pod'],
      joined: ['/cg/freezer/mesos/pod', '/cg/memory/mesos/pod'],
    },
  ],
  [
    'in v2 its processes are in a leaf, so that it may have cgroups of nested ones beside that',
    v2,
    {
      own: ['/cg/mesos/pod', '/cg/mesos/pod/leaf'],
      joined: ['/cg/mesos/pod/leaf'],
      limiting: '/cg/mesos/pod',
    },
  ],
  ['without hierarchies there is nothing', [], { own: [], joined: [] }],
])('%s', (_, hierarchies, placement) => {
  expect(cgroupPlacement(hierarchies, pod)).toEqual(placement);
});

test.each<[what: string, isSharing: boolean, hierarchies: typeof v1, CgroupPlacement]>([
  [
    'a nested container that shares has only what kills it',
    true,
    v1,
    {
      own: ['/cg/freezer/mesos/pod/mesos/task'],
      joined: ['/cg/freezer/mesos/pod/mesos/task', '/cg/memory/mesos/pod'],
    },
  ],
  [
    'one that does not has its own everywhere',
    false,
    v1,
    {
      own: ['/cg/freezer/mesos/pod/mesos/task', '/cg/memory/mesos/pod/mesos/task'],
      joined: ['/cg/freezer/mesos/pod/mesos/task', '/cg/memory/mesos/pod/mesos/task'],
    },
  ],
  [
    'in v2 there is one hierarchy for both',
    true,
    v2,
    {
      own: ['/cg/mesos/pod/mesos/task', '/cg/mesos/pod/mesos/task/leaf'],
      joined: ['/cg/mesos/pod/mesos/task/leaf'],
      limiting: '/cg/mesos/pod',
    },
  ],
])('%s', (_, isSharing, hierarchies, placement) => {
  const found = isSharing
    ? sharedPlacement(task, cgroupPlacement(hierarchies, pod))
    : cgroupPlacement(hierarchies, task);
  expect(found).toEqual(placement);
});

test('in v2 a container sees the cgroup with its limits, which may be of the one above', () => {
  const own = cgroupPlacement(v2, task);
  expect(cgroupViews(v2, own)).toEqual([{ folder: '/cg/mesos/pod/mesos/task', name: '' }]);
  const shared = sharedPlacement(task, cgroupPlacement(v2, pod));
  expect(cgroupViews(v2, shared)).toEqual([{ folder: '/cg/mesos/pod', name: '' }]);
});

test('in v2 the cgroups above hand controllers on to a container with limits of its own', () => {
  const [unified = expect.fail('no hierarchy')] = v2;
  const file = 'cgroup.subtree_control';
  const value = '+cpu +memory';
  expect(handingOn([{ ...unified, handedOn: ['cpu', 'memory'] }], pod)).toEqual([
    { folder: '/cg/mesos/pod', file, value },
    { folder: '/cg/mesos/pod/mesos', file, value },
  ]);
  expect(handingOn(v1, pod)).toEqual([]);
});

test('one below shares what the one above it shares', () => {
  const shared = sharedPlacement(task, cgroupPlacement(v1, pod));
  expect(sharedPlacement(childOf(task, 'check'), shared)).toEqual({
    own: ['/cg/freezer/mesos/pod/mesos/task/mesos/check'],
    joined: ['/cg/freezer/mesos/pod/mesos/task/mesos/check', '/cg/memory/mesos/pod'],
  });
});

test('one in a container without cgroups, as of an agent that made none, has none', () => {
  expect(sharedPlacement(task, { own: [], joined: [] })).toEqual({ own: [], joined: [] });
});
