// What isolators are made of on a machine that has all of it.
import type { Host } from '../../../src/containerizer/host/host.ts';
import type { IsolatorParts } from '../../../src/containerizer/isolators/isolators.ts';
import { Volumes } from '../../../src/containerizer/volumes/volumes.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';

const programs: Host['programs'] = new Map([
  ['du', '/usr/bin/du'],
  ['find', '/usr/bin/find'],
]);

export const isolatorParts: IsolatorParts = {
  host: {
    isRoot: true,
    programs,
    cgroups: {
      hierarchies: [{ version: 1, root: '/cg/freezer/mesos', controllers: ['freezer'] }],
      missing: new Map(),
      own: new Map(),
    },
  },
  volumes: new Volumes(new WorkDirectory('/no/such/folder'), () => {}),
  capabilities: {},
  options: {},
  launcher: 'posix',
  supervisor: '/no/such/supervisor',
  warn: () => {},
  onLimitation: () => {},
};
