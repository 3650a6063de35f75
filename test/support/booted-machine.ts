// A machine with systemd, for packages: the files of this one below a layer of its own, in
// namespaces, so that what is installed and started there is nowhere else. It has no network, and
// is up after a second. Needs root.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './cluster.ts';

/** Units of the system's that would change the kernel for all, or wait for what is not there. */
const MASKED = ['systemd-sysctl', 'systemd-modules-load', 'systemd-udevd', 'systemd-binfmt'];

/** $1: a folder of the machine's; $2: one that it sees as /packages. */
const BOOT = `
set -e
root=$1/root
mkdir -p $root $1/layer
mount -t tmpfs layer $1/layer
mkdir $1/layer/upper $1/layer/work
mount -t overlay machine -o lowerdir=/,upperdir=$1/layer/upper,workdir=$1/layer/work $root
mkdir -p $root/packages
mount --bind $2 $root/packages
mount -t proc proc $root/proc
mount --bind -o ro $root/proc/sys $root/proc/sys
mount -t sysfs -o ro sysfs $root/sys
mount -t cgroup2 none $root/sys/fs/cgroup
mount -t tmpfs -o mode=755 run $root/run
mount -t tmpfs -o mode=1777 tmp $root/tmp
mount -t tmpfs -o mode=755 dev $root/dev
for device in null zero full random urandom tty; do
  touch $root/dev/$device
  mount --bind /dev/$device $root/dev/$device
done
touch $root/dev/console
mkdir $root/dev/shm $root/dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
for unit in ${MASKED.join(' ')}; do
  ln -sf /dev/null $root/etc/systemd/system/$unit.service
done
# Images of containers have it, so that packages start no services.
rm -f $root/usr/sbin/policy-rc.d
# Nor is there a list of all manual pages to be made with each package.
rm -f $root/var/lib/man-db/auto-update
ip link set lo up
exec chroot $root env -i container=mesoscale PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=basic.target --log-target=journal
`;

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export class BootedMachine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mesoscale-booted-'));
  readonly #cgroup: string;
  readonly #starter: ChildProcess;
  #init = 0;

  /** `packages`: a folder that the machine sees as /packages. */
  constructor(packages: string) {
    const unified = '/sys/fs/cgroup/unified';
    const hierarchy = existsSync(unified) ? unified : '/sys/fs/cgroup';
    this.#cgroup = mkdtempSync(join(hierarchy, 'mesoscale-booted-'));
    const script = join(this.#folder, 'boot.sh');
    writeFileSync(script, BOOT);
    // The cgroup that it is in becomes the root of all that it sees.
    const join_ = 'echo $$ > "$0/cgroup.procs"; exec unshare "$@"';
    const namespaces = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--cgroup', '--net'];
    const options = [...namespaces, '--kill-child=KILL', '--propagation=private'];
    const boot = ['sh', script, this.#folder, packages];
    this.#starter = spawn('sh', ['-c', join_, this.#cgroup, ...options, ...boot], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  async started(): Promise<void> {
    const children = `/proc/${this.#starter.pid}/task/${this.#starter.pid}/children`;
    await until('the machine has a first process', () => {
      this.#init = Number(readFileSync(children, 'utf8').trim());
      return this.#init > 0;
    });
    await until('the machine is up', () => this.run('systemctl is-system-running').status === 0);
  }

  /** Runs a line of shell there. */
  run(line: string): Ran {
    const { status, stdout, stderr } = spawnSync('nsenter', [...this.#inside(), line], {
      encoding: 'utf8',
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        DEBIAN_FRONTEND: 'noninteractive',
      },
    });
    return { status, out: stdout, err: stderr };
  }

  /** The same, where a failure is the test's. */
  out(line: string): string {
    const { status, out, err } = this.run(line);
    if (status !== 0) {
      throw new Error(`'${line}' ended with ${status}: ${err}${out}`);
    }
    return out;
  }

  #inside(): string[] {
    return ['--target', String(this.#init), '--all', '--root', '--wd', 'sh', '-c'];
  }

  async stop(): Promise<void> {
    if (this.#init > 0) {
      // The first process of its namespace: all others end with it.
      process.kill(this.#init, 'SIGKILL');
    }
    this.#starter.kill('SIGKILL');
    await until('nothing of the machine is left', () => removed(this.#cgroup));
    rmSync(this.#folder, { recursive: true });
  }
}

/** Removes a cgroup, with those below it; false while a process is in one. */
function removed(cgroup: string): boolean {
  for (const entry of readdirSync(cgroup, { withFileTypes: true })) {
    if (entry.isDirectory() && !removed(join(cgroup, entry.name))) {
      return false;
    }
  }
  try {
    rmdirSync(cgroup);
    return true;
  } catch {
    return false;
  }
}
