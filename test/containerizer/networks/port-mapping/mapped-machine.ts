// A machine of a test's own, with containers whose ports are mapped: functions that run in its
// network namespace. `outside` is a namespace that its public link leads to.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openPortMapping } from '../../../../src/containerizer/networks/port-mapping/open-port-mapping.ts';
import type {
  PortMapping,
  PortMappingOptions,
} from '../../../../src/containerizer/networks/port-mapping/port-mapping.ts';
import { type ContainerId, containerId } from '../../../../src/model/ids.ts';

const execute = promisify(execFile);

export const OUTSIDE = '/run/outside';
export const namespaceOf = (id: string) => `/run/${id}`;

/** A tmpfs of its own: namespaces are files. */
export const MACHINE = `
  mount -t tmpfs tmpfs /run
  touch ${OUTSIDE}
  unshare --net=${OUTSIDE} true
  ip link add eth0 type veth peer name eth0 netns ${OUTSIDE}
  ip address add 10.9.0.2/24 dev eth0
  ip link set eth0 up
  nsenter --net=${OUTSIDE} ip address add 10.9.0.1/24 dev eth0
  nsenter --net=${OUTSIDE} ip link set eth0 up
  ip route add default via 10.9.0.1
  echo '50000 60000' > /proc/sys/net/ipv4/ip_local_port_range
`;

export const OPTIONS: PortMappingOptions = {
  links: { eth0: undefined, lo: undefined },
  ephemeral: { ranges: [{ begin: 32_768, end: 36_863 }], perContainer: 1024 },
  ports: [{ begin: 31_000, end: 32_000 }],
  cpus: 4,
  linkSpeedBytes: undefined,
  egress: {},
  ingress: {},
  isIngressForAll: true,
  flowParent: undefined,
};

export type Changes = Partial<PortMappingOptions>;

/** What containers have on record, in place of the disk. */
export type Records = Record<string, unknown>;

export const open = (changes: Changes = {}, warn = (text: string) => console.error(text)) =>
  openPortMapping({ ...OPTIONS, ...changes }, warn);

export async function makeNamespace(id: string): Promise<void> {
  const path = namespaceOf(id);
  await execute('sh', ['-ec', `touch ${path}; unshare --net=${path} true`]);
}

export const removeNamespace = (id: string) =>
  execute('sh', ['-ec', `umount ${namespaceOf(id)}; rm ${namespaceOf(id)}`]);

export interface Asked {
  readonly id: string;
  readonly begin: number;
  readonly end: number;
  readonly cpus?: number;
}

export const askedFor = ({ begin, end, cpus = 1 }: Asked) => ({
  kind: 'ports' as const,
  ports: [{ begin, end }],
  cpus,
});

export async function attach(mapping: PortMapping, records: Records, asked: Asked): Promise<void> {
  await makeNamespace(asked.id);
  await mapping.attach({
    id: containerId(asked.id),
    namespace: namespaceOf(asked.id),
    asked: askedFor(asked),
    note: noteIn(records, asked.id),
    abort: new AbortController().signal,
  });
}

export const noteIn = (records: Records, id: string) => async (state: unknown) => {
  records[id] = JSON.parse(JSON.stringify(state));
};

/** What a kind of network is given of a container. */
export const notedOf = (records: Records, id: string): [ContainerId, string, unknown] => [
  containerId(id),
  namespaceOf(id),
  records[id],
];

/** Attaches containers, and says what is on record of them. */
export async function attachAll({
  changes,
  containers,
}: {
  readonly changes?: Changes;
  readonly containers: readonly Asked[];
}): Promise<Records> {
  const mapping = await open(changes);
  const records: Records = {};
  for (const asked of containers) {
    await attach(mapping, records, asked);
  }
  return records;
}

/** As an agent does that comes after the one which has made the records. */
export async function recovered(records: Records, changes?: Changes): Promise<PortMapping> {
  const mapping = await open(changes);
  for (const id of Object.keys(records)) {
    await mapping.recover(...notedOf(records, id));
  }
  return mapping;
}

export async function updateAll({
  changes,
  records,
  containers,
}: {
  readonly changes?: Changes;
  readonly records: Records;
  readonly containers: readonly Asked[];
}): Promise<Records> {
  const mapping = await recovered(records, changes);
  for (const asked of containers) {
    await mapping.update({
      id: containerId(asked.id),
      namespace: namespaceOf(asked.id),
      asked: askedFor(asked),
      note: noteIn(records, asked.id),
    });
  }
  return records;
}

export async function detachAll({ records }: { readonly records: Records }): Promise<null> {
  const mapping = await recovered(records);
  for (const id of Object.keys(records)) {
    await mapping.detach(...notedOf(records, id));
    await removeNamespace(id);
  }
  return null;
}
