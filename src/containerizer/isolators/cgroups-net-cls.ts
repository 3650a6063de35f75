// cgroups/net_cls: marks the packets of a container with its class, for traffic control and
// firewalls. Without a handle of the operator's, whoever wants to gives containers their classes.
import { numberIn } from '../cgroups/figures.ts';
import { type CgroupHierarchy, cgroupWith } from '../plan/cgroup-plan.ts';
import { cgroupIsolator } from './cgroup-isolator.ts';
import type { CgroupOptions } from './cgroup-options.ts';
import type { Isolator } from './isolator.ts';
import { NetClassHandles } from './net-class-handles.ts';

const FILE = 'net_cls.classid';
/** The class of what nobody has given one. */
const UNCLASSIFIED = 0;

export function cgroupsNetCls(
  { netClasses }: CgroupOptions,
  hierarchies: readonly CgroupHierarchy[],
): Isolator {
  const handles = netClasses && new NetClassHandles(netClasses);
  if (handles === undefined) {
    return cgroupIsolator({ name: 'cgroups/net_cls' }, hierarchies);
  }
  const roots = hierarchies
    .filter(({ controllers }) => controllers.includes('net_cls'))
    .map(({ root }) => root);
  return {
    ...cgroupIsolator(
      {
        name: 'cgroups/net_cls',
        // A container that is planned again has the class that it was given first.
        begin: (_version, _bounds, { id }) => [{ file: FILE, value: String(handles.take(id)) }],
      },
      hierarchies,
    ),
    recover({ id, cgroups: { own } }) {
      const cgroup = cgroupWith(hierarchies, id, 'net_cls');
      const classId =
        cgroup !== undefined && own.includes(cgroup.folder)
          ? numberIn(cgroup.folder, FILE)
          : undefined;
      if (classId !== undefined) {
        handles.adopt(id, classId);
      }
    },
    cleanup: (id) => handles.release(id),
    // One that shares the cgroups of another container has the class of that.
    cgroupInfo({ joined }) {
      const classId = joined
        .filter((folder) => roots.some((root) => folder.startsWith(`${root}/`)))
        .map((folder) => numberIn(folder, FILE))
        .find((it) => it !== undefined && it !== UNCLASSIFIED);
      return classId === undefined ? undefined : { net_cls: { classid: classId } };
    },
  };
}
