// `npm run test:guest -- FILES`: runs test files in an emulated machine, whose kernel has what that
// of this one may lack: cgroup v2 alone, XFS with project quotas, and queues of flows. The machine
// sees this one's files, and what it writes is gone with it. It takes some minutes; the processor
// need not help.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'build', 'guest');
const kernelFolder = join(folder, 'kernel');

/** What needs a guest, if nothing else is named. */
const FILES = [
  'test/agent-driver/disk-xfs.test.ts',
  'test/agent-driver/cgroups-v2.test.ts',
  'test/agent-driver/linux/images.test.ts',
  'test/agent-driver/linux/docker.test.ts',
  'test/containerizer/networks/cni/ipvlan.test.ts',
  'test/containerizer/networks/port-mapping/flows.test.ts',
];
/** Modules of the kernel, each loaded after those that it needs. */
const MODULES = [
  ...['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'loop', 'crc32c_generic', 'xfs'],
  ...['veth', 'sch_ingress', 'cls_u32', 'act_mirred', 'sch_htb', 'sch_fq_codel', 'ipvlan'],
];
const PACKAGES = [
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['busybox', 'busybox-static'],
  ['dpkg-deb', 'dpkg'],
] as const;
const KERNEL_PACKAGE = 'linux-image-amd64';
const LIMIT_MS = 900_000;
/** The machine is emulated: all takes ten times as long. */
const TEST_MS = 300_000;

function programs(): void {
  const missing = PACKAGES.filter(([name]) => spawnSync('which', [name]).status !== 0);
  if (missing.length > 0) {
    const names = missing.map(([, name]) => name).join(' ');
    throw new Error(`An emulated machine needs more programs: apt-get install ${names}`);
  }
}

function output(program: string, args: readonly string[], cwd = folder): string {
  const { stdout, stderr, status, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  }
  return stdout;
}

/** Debian's kernel, which is downloaded once. */
function kernel(): { readonly image: string; readonly modules: string } {
  if (!existsSync(kernelFolder)) {
    const [, name] = /Depends: (linux-image-\S+)/.exec(
      output('apt-cache', ['depends', KERNEL_PACKAGE]),
    ) ?? [undefined, KERNEL_PACKAGE];
    output('apt-get', ['download', name]);
    const archive = readdirSync(folder).find((file) => file.startsWith(`${name}_`)) ?? '';
    const unfinished = `${kernelFolder}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    output('dpkg-deb', ['--extract', archive, unfinished]);
    const [version = ''] = readdirSync(join(unfinished, 'lib/modules'));
    output('busybox', ['depmod', '-b', unfinished, version]);
    output('mv', [unfinished, kernelFolder]);
    rmSync(join(folder, archive));
  }
  const [version = ''] = readdirSync(join(kernelFolder, 'lib/modules'));
  return {
    image: join(kernelFolder, 'boot', `vmlinuz-${version}`),
    modules: join(kernelFolder, 'lib/modules', version),
  };
}

/** The files of the modules in the order of loading. */
function moduleFiles(modules: string): string[] {
  const lines = readFileSync(join(modules, 'modules.dep'), 'utf8').split('\n');
  const needs = new Map(
    lines.map((line) => {
      const [file = '', others = ''] = line.split(':');
      return [file, others.split(' ').filter(Boolean)];
    }),
  );
  const byName = new Map(
    [...needs.keys()].map((file) => [basename(file).replace(/\.ko.*$/, ''), file]),
  );
  const files = new Set<string>();
  const add = (file: string) => {
    for (const needed of (needs.get(file) ?? []).toReversed()) {
      add(needed);
    }
    files.add(file);
  };
  for (const name of MODULES) {
    add(byName.get(name) ?? '');
  }
  return [...files].filter(Boolean).map((file) => join(modules, file));
}

/** What the kernel starts: it puts a layer over this machine's files, and goes on there. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read module; do insmod /modules/$module; done < /modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose host /host
mount -t tmpfs tmpfs /layer
mkdir -p /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /root
for kind in proc sys dev; do mkdir -p /root/$kind; mount -o move /$kind /root/$kind; done
ln -sfn /proc/self/fd /root/dev/fd
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts -o ptmxmode=666,mode=620,gid=5 devpts /root/dev/pts
mount -t tmpfs -o mode=1777 shm /root/dev/shm
mkdir -p /root/sys/fs/cgroup
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
exec switch_root /root /bin/sh "$GUEST_SCRIPT"
`;

function initialDisk(modules: string): string {
  const disk = join(folder, 'disk');
  rmSync(disk, { recursive: true, force: true });
  for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'host', 'layer', 'root']) {
    mkdirSync(join(disk, name), { recursive: true });
  }
  copyFileSync(output('which', ['busybox']).trim(), join(disk, 'bin/busybox'));
  const files = moduleFiles(modules);
  for (const file of files) {
    copyFileSync(file, join(disk, 'modules', basename(file)));
  }
  writeFileSync(join(disk, 'modules/order'), files.map((file) => `${basename(file)}\n`).join(''));
  writeFileSync(join(disk, 'init'), INIT);
  chmodSync(join(disk, 'init'), 0o755);
  const archive = join(folder, 'disk.cpio');
  output('/bin/sh', ['-c', `find . | busybox cpio -o -H newc > '${archive}'`], disk);
  return archive;
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
/** The test runner leaves colours and a cursor in the line before. */
const ENDED = /The guest has ended with (\d+)/;

/** What the guest runs as its first program. */
function guestScript(files: readonly string[]): string {
  const script = join(folder, 'guest.sh');
  const node = quoted(process.execPath);
  const tests = files.map(quoted).join(' ');
  writeFileSync(
    script,
    `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=1
busybox ip link set lo up
cd ${quoted(root)}
${node} node_modules/vitest/vitest.mjs run --testTimeout=${TEST_MS} --hookTimeout=${TEST_MS} ${tests}
echo "The guest has ended with $?"
busybox poweroff -f
`,
  );
  return script;
}

function run(image: string, disk: string, script: string): Promise<number> {
  const machine = '-M pc -cpu max -smp 2 -m 2048 -nographic -no-reboot'.split(' ');
  const words = `console=ttyS0 quiet loglevel=3 panic=-1 GUEST_SCRIPT=${script}`;
  const host = 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap';
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...[...machine, '-kernel', image, '-initrd', disk, '-append', words],
      ...['-fsdev', host, '-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS, killSignal: 'SIGKILL' },
  );
  let status = 1;
  createInterface(child.stdout).on('line', (line) => {
    status = Number(ENDED.exec(line)?.[1] ?? status);
    process.stdout.write(`${line}\n`);
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.on('close', () => resolve(status));
  return promise;
}

programs();
mkdirSync(folder, { recursive: true });
const { image, modules } = kernel();
const files = process.argv.slice(2);
process.exitCode = await run(
  image,
  initialDisk(modules),
  guestScript(files.length === 0 ? FILES : files),
);
