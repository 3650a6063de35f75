// Tasks that cgroups limit, of either version of these, and some that use up their memory.
import { expect } from 'vitest';
import { ContainerInfo_Type } from '../../src/model/generated/messages.ts';
import { cpus, mem } from '../core/resources.ts';
import type { Launch } from './harness.ts';

export const ISOLATION = ['cpu', 'mem', 'pids', 'cpuset', 'blkio', 'devices'].map(
  (it) => `cgroups/${it}`,
);
/** Takes as much memory as it gets. */
export const HOG = { value: 'tail /dev/zero; sleep 1000' };
const LONG = { value: 'sleep 1000' };
/** As long, in one process. By the file it tells that it runs, so that all before it is done. */
export const BEGUN = { value: ': > begun; exec sleep 1000' };

export const resources = [cpus(0.2), mem(48)];
/** The memory of these, or of `sharing`, as it is told to have been used up. */
export const usedUp = [{ ...mem(48), scalar: { value: expect.closeTo(48, 0) } }];

const container = { type: ContainerInfo_Type.MESOS, linux_info: { share_cgroups: false } };

/** A group whose tasks have cgroups of their own. */
export const apart: Launch = {
  resources,
  group: [
    { name: 'hog', command: HOG, resources, container },
    { name: 'long', command: LONG, resources, container },
  ],
};

/** A group whose tasks share its cgroups. */
export const sharing: Launch = {
  resources: [cpus(0.1)],
  group: [
    { name: 'hog', command: HOG, resources: [mem(16)] },
    { name: 'long', command: LONG, resources: [mem(32)] },
  ],
};
