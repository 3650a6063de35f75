// cgroups/net_cls: marks the packets of a container with its class, for traffic control and
// firewalls. Without a handle of the operator's, whoever wants to gives containers their classes.
import { join } from 'node:path';
import type { ContainerId } from '../../model/ids.ts';
import { numberIn } from '../cgroups/figures.ts';
import { type CgroupHierarchy, cgroupWith } from '../plan/cgroup-plan.ts';
import { readText } from '../records/record-file.ts';
import { cgroupIsolator } from './cgroup-isolator.ts';
import type { CgroupOptions } from './cgroup-options.ts';
import type { Isolator } from './isolator.ts';
import { NetClassHandles } from './net-class-handles.ts';

const FILE = 'net_cls.classid';
/** The class of what nobody has given one. */
const UNCLASSIFIED = 0;

/** Of a container that was not taken over yet, its cgroup alone says it. */
function classIn(folder: string): number | undefined {
  const classId = numberIn(readText(join(folder, FILE)));
  return classId === UNCLASSIFIED ? undefined : classId;
}

export function cgroupsNetCls(
  { netClasses }: CgroupOptions,
  hierarchies: readonly CgroupHierarchy[],
): Isolator {
  const handles = netClasses && new NetClassHandles(netClasses);
  if (handles === undefined) {
    return cgroupIsolator({ name: 'cgroups/net_cls' }, hierarchies);
  }
  /** The classes of cgroups, by their folders. */
  const classes = new Map<string, number>();
  const folderOf = (id: ContainerId) => cgroupWith(hierarchies, id, 'net_cls')?.folder ?? '';
  const mark = (id: ContainerId) => {
    const classId = handles.take(id);
    classes.set(folderOf(id), classId);
    return classId;
  };
  return {
    ...cgroupIsolator(
      {
        name: 'cgroups/net_cls',
        // A container that is planned again has the class that it was given first.
        begin: (_version, _bounds, { id }) => [{ file: FILE, value: String(mark(id)) }],
      },
      hierarchies,
    ),
    recover({ id, cgroups: { own } }) {
      const folder = folderOf(id);
      const classId = own.includes(folder) ? classIn(folder) : undefined;
      if (classId !== undefined) {
        handles.adopt(id, classId);
        classes.set(folder, classId);
      }
    },
    cleanup(id) {
      handles.release(id);
      classes.delete(folderOf(id));
    },
    // One that shares the cgroups of another container has the class of that.
    cgroupInfo({ joined }) {
      const classId = joined
        .map((it) => classes.get(it) ?? classIn(it))
        .find((it) => it !== undefined);
      return classId === undefined ? undefined : { net_cls: { classid: classId } };
    },
  };
}
