// Containers in network namespaces that were made for them, by real OCI runtimes. This needs root.
import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lookAtHost } from '../../../src/containerizer/host/host.ts';
import { Users } from '../../../src/containerizer/host/users.ts';
import type { RootFileSystem } from '../../../src/containerizer/images/provisioner.ts';
import type { Container, Launcher } from '../../../src/containerizer/launchers/launcher.ts';
import { openLauncher } from '../../../src/containerizer/launchers/launchers.ts';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import { NetworkNamespaces } from '../../../src/containerizer/networks/namespaces.ts';
import { NO_CGROUPS } from '../../../src/containerizer/plan/cgroup-plan.ts';
import { withOwnFiles } from '../../../src/containerizer/plan/own-files.ts';
import type { ContainerKind } from '../../../src/containerizer/plan/place.ts';
import {
  type ContainerPlan,
  type Contributor,
  planContainer,
} from '../../../src/containerizer/plan/plan.ts';
import type { SessionSurroundings } from '../../../src/containerizer/plan/request.ts';
import type { Namespaces } from '../../../src/containerizer/plan/surroundings.ts';
import { RunRecords } from '../../../src/containerizer/records/run-records.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { parentOf } from '../../../src/model/container-id.ts';
import { containerId } from '../../../src/model/ids.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';
import { appeared, eventually } from '../../agent-driver/outside.ts';
import { busyboxPath } from '../../support/busybox-image.ts';
import { CGROUP_HIERARCHY, cgroupRoot } from '../../support/test-cgroups.ts';
import { connect, links } from './links.ts';

const runtimes = ['crun', 'runc'] as const;

let folder: ReturnType<typeof temporaryFolder>;
let networks: NetworkNamespaces;
let records: RunRecords;
let launcher: Launcher;
let launched: Container[];

beforeEach(async () => {
  folder = temporaryFolder();
  networks = new NetworkNamespaces(
    join(folder.path, 'networks'),
    await supervisorProgram(programs),
  );
  launched = [];
});

afterEach(async () => {
  for (const container of launched) {
    container.destroy();
    await container.ended;
  }
  await launcher.close();
  for (const name of await networks.names()) {
    await networks.remove(name);
  }
  folder[Symbol.dispose]();
});

async function open(runtime: (typeof runtimes)[number]): Promise<void> {
  const cgroups = { hierarchy: CGROUP_HIERARCHY, root: cgroupRoot(folder.path), controllers: [] };
  const host = lookAtHost({ cgroups });
  const work = new WorkDirectory(folder.path);
  records = new RunRecords(work);
  launcher = await openLauncher('linux', {
    host,
    work,
    records,
    users: new Users(),
    programs,
    ociRuntime: host.programs.get(runtime),
    isolation: [],
    hasDocker: false,
    warn: () => {},
    sweep: async () => {},
  });
}

interface Asked {
  /** Of a session in this container. */
  readonly inside?: string;
  readonly namespaces: Partial<Namespaces>;
  readonly networkNamespace?: string;
  readonly rootfs?: RootFileSystem;
}

const surrounded = ({ namespaces, rootfs, inside: _, ...asked }: Asked): Contributor => ({
  name: 'surroundings',
  contribute: (plan) => {
    const own = {
      ...plan,
      ...asked,
      namespaces: { ...plan.namespaces, mount: 'own', ...namespaces },
    };
    return rootfs === undefined
      ? (own as ContainerPlan)
      : withOwnFiles({ ...own, rootfs, ownDirectory: '/' } as ContainerPlan, {
          sharesProcesses: false,
          isRoot: true,
          cgroups: [],
        });
  },
});

const sandboxOf = (id: string) => id.replaceAll('.', '/containers/');

const kindOf = (id: string, { inside }: Asked): ContainerKind =>
  inside !== undefined ? 'debug' : parentOf(containerId(id)) === undefined ? 'executor' : 'nested';

const sessionIn = (id: string): SessionSurroundings => ({
  container: containerId(id),
  sandbox: sandboxOf(id),
  owner: undefined,
  environment: {},
  ownDirectory: undefined,
});

async function launch(id: string, value: string, asked: Asked): Promise<Container> {
  mkdirSync(join(folder.path, sandboxOf(id)), { recursive: true });
  const request = {
    id: containerId(id),
    kind: kindOf(id, asked),
    sandbox: sandboxOf(id),
    environment: { PATH: '/bin:/usr/bin:/sbin:/usr/sbin' },
    command: { value },
    resources: [],
    isBound: false,
    executor: { executor_id: { value: 'e' } },
    inside: asked.inside === undefined ? undefined : sessionIn(asked.inside),
  } as const;
  const host = { workDirectory: folder.path, cgroups: [] };
  const planned = planContainer(request, host, [surrounded(asked)]);
  if (planned.kind === 'refusal') {
    throw new Error(planned.text);
  }
  records.create(request.id);
  const container = await launcher.launch(planned.plan, undefined);
  launched.push(container);
  container.release();
  return container;
}

const outputOf = ({ sandbox }: Container, name = 'stdout') =>
  readFileSync(join(sandbox, name), 'utf8');

async function printed(container: Container): Promise<string> {
  const { waitStatus, failure } = await container.ended;
  expect({ waitStatus, failure, errors: outputOf(container, 'stderr') }).toEqual({
    waitStatus: 0,
    failure: undefined,
    errors: '',
  });
  return outputOf(container);
}

/** The files of an image that has a shell and little else. */
function files(): RootFileSystem {
  const path = join(folder.path, 'files');
  for (const name of ['bin', 'etc', 'mnt/mesos/sandbox', 'proc', 'sys', 'dev', 'tmp']) {
    mkdirSync(join(path, name), { recursive: true });
  }
  copyFileSync(busyboxPath(), join(path, 'bin/busybox'));
  for (const name of ['sh', 'ls', 'readlink', 'sed', 'cat', 'touch', 'sleep']) {
    symlinkSync('busybox', join(path, 'bin', name));
  }
  return { kind: 'folder', path, isReadOnly: false };
}

const never = new AbortController().signal;

const OWN = { network: 'own' } as const;
const JOINED = { network: 'parent' } as const;
/** Its network, and the devices in that. */
const SHOW = "readlink /proc/self/ns/net; sed -n 's/ *\\(.*\\):.*/\\1/p' /proc/net/dev";
const WAIT = 'touch up; while [ ! -e go ]; do sleep 0.01; done';
const nameOf = (namespace: string) => `net:[${statSync(namespace).ino}]`;

async function connected(name: string): Promise<{ network: string; peer: string }> {
  const network = await networks.make(name);
  const peer = await networks.make(`peer-of-${name}`);
  connect(peer, network);
  return { network, peer };
}

describe.runIf(process.geteuid?.() === 0).each(runtimes)('%s', (runtime) => {
  beforeEach(() => open(runtime));

  test('a container is in the network that was made for it, with all that joins it', async () => {
    const { network } = await connected('c1');
    const seen = `${nameOf(network)}\nlo\nthere\n`;
    const outer = await launch('c1', `${SHOW}; ${WAIT}`, {
      namespaces: OWN,
      networkNamespace: network,
    });
    await appeared(join(outer.sandbox, 'up'));
    expect(outputOf(outer)).toBe(seen);
    const nested = await launch('c1.c2', SHOW, { namespaces: JOINED });
    expect(await printed(nested)).toBe(seen);
    expect(launcher.dial(nested.id)).toBeDefined();
    const session = await launch('c1.c3', SHOW, { namespaces: {}, inside: 'c1' });
    expect(await printed(session)).toBe(seen);
    const line = { program: '/bin/sh', arguments: ['sh', '-c', `{ ${SHOW}; } > beside`] };
    expect(await launcher.execute({ container: outer, line, environment: {} }, never)).toBe(0);
    expect(outputOf(outer, 'beside')).toBe(seen);
  });

  test('what listens in its network is reached there, also by a later agent', async () => {
    const { network } = await connected('c1');
    const serve = `busybox nc -ll -p 80 -e echo hello & ${WAIT}`;
    const asked = { namespaces: OWN, networkNamespace: network };
    const container = await launch('c1', serve, asked);
    const other = await launch('c2', WAIT, { namespaces: {} });
    await container.begun;
    const heard = async () => {
      const dial = launcher.dial(container.id) ?? expect.fail();
      for (;;) {
        try {
          return String(await buffer(await dial({ host: '127.0.0.1', port: 80 }, never)));
        } catch (error) {
          // It does not listen yet.
          expect(String(error)).toContain('ECONNREFUSED');
        }
      }
    };
    expect(await heard()).toBe('hello\n');
    await launcher.close();
    await open(runtime);
    for (const { id, sandbox } of launched.splice(0)) {
      launched.push(await launcher.attach({ id, sandbox, cgroups: NO_CGROUPS }));
    }
    expect(await heard()).toBe('hello\n');
    expect(launcher.dial(other.id)).toBeUndefined();
  });

  test('with files of its own, it finds its network in /sys', async () => {
    const { network } = await connected('c1');
    const asked = { namespaces: OWN, networkNamespace: network, rootfs: files() };
    const shown = await launch('c1', `${SHOW}; ls /sys/class/net`, asked);
    expect(await printed(shown)).toBe(`${nameOf(network)}\nlo\nthere\nlo\nthere\n`);
  });

  test('a network goes with its container, whatever containers were started meanwhile', async () => {
    const { network, peer } = await connected('c1');
    const first = await launch('c1', WAIT, { namespaces: OWN, networkNamespace: network });
    await appeared(join(first.sandbox, 'up'));
    // It sees the machine's files, and what is mounted there.
    const second = await launch('c2', WAIT, { namespaces: {} });
    await appeared(join(second.sandbox, 'up'));
    first.destroy();
    await first.ended;
    expect(links(peer)).toEqual(['lo', 'here']);
    await networks.remove('c1');
    await eventually(() => !links(peer).includes('here'));
  });
});
