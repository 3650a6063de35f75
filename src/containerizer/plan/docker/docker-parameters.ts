// The options of `docker run` among the parameters of a DockerInfo. Each is here: with what it
// changes, or with why it is refused. An option that is not known is refused, too.
import { closestName } from '../../../model/closest-name.ts';
import { ipFamily } from '../../../model/ip-address.ts';
import { portMappingError } from '../../../model/network-info.ts';
import { isInDev } from './dev-paths.ts';
import { capabilityNamed } from './docker-capabilities.ts';
import { dockerError } from './docker-error.ts';
import { networkNamed } from './docker-network.ts';
import type { DockerOptions, DockerVolume } from './docker-options.ts';
import { signalNamed } from './docker-signals.ts';

/** Throws `Fault` for a value that it does not take. */
type Taking = (options: DockerOptions, value: string) => void;

/** Why a value is not taken; the text follows the option's name. */
class Fault extends Error {}

const expected = (what: string): Fault => new Fault(`expects ${what}`);

/** `true` is what a flag without a value means. */
function isTrue(value: string): boolean {
  const word = value.trim().toLowerCase();
  if (['true', '1', 't', ''].includes(word)) {
    return true;
  }
  if (['false', '0', 'f'].includes(word)) {
    return false;
  }
  throw expected("'true' or 'false'");
}

function pairOf(value: string, form: string): readonly [string, string] {
  const at = value.indexOf('=');
  if (at < 1) {
    throw expected(form);
  }
  return [value.slice(0, at), value.slice(at + 1)];
}

const capability = (list: 'added' | 'dropped'): Taking => {
  return (options, value) => {
    const name = capabilityNamed(value);
    if (name === undefined) {
      throw expected('a capability of Linux, such as NET_ADMIN, or ALL');
    }
    options[list].push(name);
  };
};

const SIZES: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function sizeOf(value: string): number {
  const [, digits, unit = 'b'] = /^(\d{1,12})(b|k|m|g)?b?$/.exec(value.trim().toLowerCase()) ?? [];
  const bytes = Number(digits) * (SIZES[unit] ?? 1);
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw expected('a size such as 64m');
  }
  return bytes;
}

/** Docker's names of limits, which are the kernel's in small letters. */
const LIMITS =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );

function ulimit(options: DockerOptions, value: string): void {
  const [name, amounts] = pairOf(value, 'a limit such as nofile=1024:2048');
  const [soft = '', hard = soft, ...more] = amounts.split(':');
  const [least, most] = [soft, hard].map((text) =>
    text === '-1' || text === 'unlimited'
      ? 'unlimited'
      : /^\d{1,15}$/.test(text)
        ? Number(text)
        : undefined,
  );
  if (!LIMITS.includes(name) || least === undefined || most === undefined || more.length > 0) {
    throw expected(`a limit such as nofile=1024:2048, of ${LIMITS.join(', ')}`);
  }
  if (most !== 'unlimited' && (least === 'unlimited' || least > most)) {
    throw expected('a soft limit that is at most the hard one');
  }
  options.limits.push({ name: name.toUpperCase(), soft: least, hard: most });
}

/** `HOST:CONTAINER` or `HOST:CONTAINER:ro`. */
function volumeOf(value: string): DockerVolume {
  const [host = '', target = '', mode = 'rw', ...more] = value.split(':');
  if (!host.startsWith('/') || !target.startsWith('/') || more.length > 0) {
    throw expected('two absolute paths, /HOST:/CONTAINER: there are no volumes with names');
  }
  if (mode !== 'rw' && mode !== 'ro') {
    throw expected("no mode of a volume but 'ro' and 'rw'");
  }
  return { host, target, isReadOnly: mode === 'ro' };
}

/** `HOST`, `HOST:CONTAINER` or `HOST:CONTAINER:rwm`. */
function device(options: DockerOptions, value: string): void {
  const [host = '', inside = host, given, ...more] = value.split(':');
  // A second word of letters is what may be done.
  const [target, may = 'rwm'] = /^[rwm]{1,3}$/.test(inside) ? [host, inside] : [inside, given];
  if (!isInDev(host) || !isInDev(target) || !/^[rwm]{1,3}$/.test(may) || more.length > 0) {
    throw expected('a device of the machine, such as /dev/fuse or /dev/fuse:/dev/fuse:rwm');
  }
  const [read, write, mknod] = ['r', 'w', 'm'].map((it) => may.includes(it));
  options.devices.push({
    host,
    target,
    access: { read: read === true, write: write === true, mknod: mknod === true },
  });
}

/** Docker's own, which can be taken back. */
const USUAL = ['nosuid', 'nodev', 'noexec'];
/** What mount(8) may be told of one of these. */
const TMPFS_OPTION =
  /^(?:r[ow]|(?:no)?(?:suid|dev|exec|atime)|(?:size|nr_inodes|nr_blocks)=\d+[kKmMgG%]?|mode=[0-7]{1,4}|[ug]id=\d+)$/;

function tmpfs(options: DockerOptions, value: string): void {
  const [target = '', given = '', ...more] = value.split(':');
  const asked = given.split(',').filter(Boolean);
  const unknown = asked.find((it) => !TMPFS_OPTION.test(it));
  if (!target.startsWith('/') || target.split('/').includes('..') || more.length > 0) {
    throw expected('an absolute path, and options after a colon, such as /run:size=64m');
  }
  if (unknown !== undefined) {
    throw new Fault(`does not take '${unknown}' of a file system in memory`);
  }
  options.memory.push({
    source: 'tmpfs',
    target,
    type: 'tmpfs',
    options: [...USUAL.filter((it) => !asked.includes(it.slice('no'.length))), ...asked],
  });
}

function host(options: DockerOptions, value: string): void {
  const at = value.indexOf(':');
  const [name, address] = [value.slice(0, at), value.slice(at + 1)];
  if (at < 1 || !/^[\w.-]+$/.test(name) || !/^[0-9a-fA-F.:]+$/.test(address)) {
    throw expected('a name and an address, such as db:10.0.0.7');
  }
  options.hosts.push(`${address}\t${name}`);
}

/** `HOST:CONTAINER` or `HOST:CONTAINER/udp`. */
function publish(options: DockerOptions, value: string): void {
  const [, host, container, protocol = 'tcp'] =
    /^(\d{1,5}):(\d{1,5})(?:\/([a-z]+))?$/i.exec(value) ?? [];
  const ports = { host_port: Number(host), container_port: Number(container) };
  if (host === undefined || portMappingError({ ...ports, protocol }) !== undefined) {
    throw expected(
      "a port of the task's resources and one of the container, such as 31000:80 or 31053:53/udp",
    );
  }
  options.ports.push({ ...ports, protocol: protocol.toLowerCase() });
}

const address = (family: 4 | 6): Taking => {
  return (options, value) => {
    if (ipFamily(value) !== family) {
      throw expected(`an address of IPv${family}`);
    }
    options.addresses.push(value);
  };
};

const nameLine = (kind: 'nameserver' | 'search' | 'options', form: RegExp): Taking => {
  return (options, value) => {
    if (!form.test(value)) {
      throw expected(kind === 'nameserver' ? 'an address, such as 10.0.0.2' : 'one word');
    }
    options.names.push(`${kind} ${value}`);
  };
};

function securityOption(options: DockerOptions, value: string): void {
  const [name = '', setting] = value.split(/[=:]/, 2);
  if (name === 'no-new-privileges') {
    options.hasNoNewPrivileges = isTrue(setting ?? '');
  } else if (value === 'seccomp=unconfined' || value === 'seccomp:unconfined') {
    options.isUnconfined = true;
  } else if (!NOTHING_THERE.has(value.replace(':', '='))) {
    throw expected(
      "'no-new-privileges' or 'seccomp=unconfined': profiles of a container are not read, and there " +
        'are no labels of SELinux or AppArmor',
    );
  }
}

/** They take away what containers do not have here. */
const NOTHING_THERE = new Set(['apparmor=unconfined', 'label=disable', 'systempaths=confined']);

const sharing = (field: 'sharesProcesses' | 'sharesIpc', own: readonly string[]): Taking => {
  return (options, value) => {
    if (value !== 'host' && !own.includes(value)) {
      throw expected(`'host', or what is so without it: ${own.map((it) => `'${it}'`).join(', ')}`);
    }
    options[field] = value === 'host';
  };
};

const nothing = (...values: readonly string[]): Taking => {
  return (_, value) => {
    if (!values.includes(value.trim().toLowerCase())) {
      throw expected(values.map((it) => `'${it}'`).join(' or '));
    }
  };
};

const OPTIONS: Readonly<Record<string, Taking>> = {
  'add-host': host,
  'cap-add': capability('added'),
  'cap-drop': capability('dropped'),
  dns: nameLine('nameserver', /^[0-9a-fA-F.:]+$/),
  'dns-option': nameLine('options', /^[\w:.-]+$/),
  'dns-search': nameLine('search', /^[\w.-]+$/),
  // It tells of ports, and opens none.
  expose: (_, value) => {
    if (!/^\d{1,5}(?:-\d{1,5})?(?:\/(?:tcp|udp|sctp))?$/.test(value)) {
      throw expected('a port, such as 80 or 53/udp');
    }
  },
  entrypoint: (options, value) => {
    options.entrypoint = value;
  },
  env: (options, value) => {
    const [name, text] = pairOf(value, 'NAME=VALUE: there is no environment of a client');
    options.environment[name] = text;
  },
  'group-add': (options, value) => {
    options.groups.push(value);
  },
  hostname: (options, value) => {
    options.hostname = value;
  },
  ip: address(4),
  ip6: address(6),
  init: (options, value) => {
    options.hasInit = isTrue(value);
  },
  ipc: sharing('sharesIpc', ['private', 'shareable']),
  label: (options, value) => {
    const [name, text] = value.includes('=') ? pairOf(value, 'NAME=VALUE') : [value, ''];
    options.labels[name] = text;
  },
  network: (options, value) => {
    options.network = networkNamed(value);
  },
  device,
  // That of an image is not carried out without.
  'no-healthcheck': nothing('true', ''),
  pid: sharing('sharesProcesses', ['']),
  privileged: (options, value) => {
    options.isPrivileged = isTrue(value);
  },
  publish,
  'publish-all': (_, value) => {
    if (isTrue(value)) {
      throw expected("'false': 'publish' names the ports of the task's resources one by one");
    }
  },
  'read-only': (options, value) => {
    options.isReadOnly = isTrue(value);
  },
  // Nothing of a container stays.
  rm: nothing('true', ''),
  'security-opt': securityOption,
  'shm-size': (options, value) => {
    options.shmBytes = sizeOf(value);
  },
  'stop-signal': (options, value) => {
    options.stopSignal = signalNamed(value);
    if (options.stopSignal === undefined) {
      throw expected('a signal, such as SIGQUIT or 3');
    }
  },
  tmpfs,
  ulimit,
  user: (options, value) => {
    options.user = value;
  },
  // Containers are in the user namespace of the machine without, too.
  userns: nothing('host'),
  volume: (options, value) => {
    options.volumes.push(volumeOf(value));
  },
  workdir: (options, value) => {
    if (!value.startsWith('/')) {
      throw expected('an absolute path');
    }
    options.workingDirectory = value;
  },
};

const SAME: Readonly<Record<string, string>> = {
  'dns-opt': 'dns-option',
  e: 'env',
  h: 'hostname',
  l: 'label',
  net: 'network',
  P: 'publish-all',
  p: 'publish',
  u: 'user',
  v: 'volume',
  w: 'workdir',
};

const NO_NAMES = 'the networks of agents have no names for containers';
const OF_NETWORK = 'the network decides that';
const OUTPUT = 'what containers print is in their sandboxes';

const OF_RESOURCES = "the task's resources and limits say that";

/** Why others are not taken. */
const REFUSED: Readonly<Record<string, string>> = {
  c: OF_RESOURCES,
  'cpu-period': OF_RESOURCES,
  'cpu-quota': OF_RESOURCES,
  'cpu-shares': OF_RESOURCES,
  cpus: OF_RESOURCES,
  link: NO_NAMES,
  'link-local-ip': OF_NETWORK,
  'log-driver': OUTPUT,
  'log-opt': OUTPUT,
  m: OF_RESOURCES,
  'mac-address': OF_NETWORK,
  memory: OF_RESOURCES,
  'memory-reservation': OF_RESOURCES,
  mount: "'volume' and 'container.volumes' are for that",
  'net-alias': NO_NAMES,
  'network-alias': NO_NAMES,
  restart: 'frameworks start tasks again',
  'stop-timeout': "'kill_policy' of the task says that",
  tty: "'container.tty_info' is for that",
  'volume-driver': 'there are no volume drivers',
};

function whyRefused(key: string): string {
  if (Object.hasOwn(REFUSED, key)) {
    return REFUSED[key] ?? '';
  }
  const known = [...Object.keys(OPTIONS), ...Object.keys(SAME)];
  const bare = key.replace(/^-+/, '');
  if (bare !== key && known.includes(bare)) {
    return `names have no dashes before them, as in '${bare}'`;
  }
  const meant = closestName(key, known);
  return `it is not known here${meant === undefined ? '' : ` (did you mean '${meant}'?)`}`;
}

/** Throws ContainerizerError. */
export function takeParameter(options: DockerOptions, key: string, value: string): void {
  const name = SAME[key] ?? key;
  const taking = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (taking === undefined) {
    throw dockerError(`parameter '${key}' is not supported: ${whyRefused(key)}`);
  }
  if (value.includes('\0')) {
    throw dockerError(`parameter '${key}' has a null character`);
  }
  try {
    taking(options, value);
  } catch (error) {
    if (error instanceof Fault) {
      throw dockerError(`parameter '${key}' ${error.message}, and not '${value}'`);
    }
    throw error;
  }
}
