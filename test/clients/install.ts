// Installs the clients of other projects for these tests, each with the ordinary tool of its
// registry, once in each checkout. The tests read the outcome: a client is there, or is left out
// with a reason.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/sources.ts';

export const CLIENTS = {
  pymesos: ['python3'],
  'mesos-go': ['go'],
  'mesos-rxjava': ['mvn', 'javac', 'java'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Client = keyof typeof CLIENTS;

export interface Installation {
  /** A digest of everything the installation was made from; it is made again when that changes. */
  readonly stamp: string;
  readonly leftOut?: { readonly why: string; readonly isFailure: boolean };
}

const SOURCES = join(root, 'test', 'clients');
const HTTP_PARSER = 'http-parser==0.9.0';
const DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

export const folderOf = (client: Client) => join(root, 'build', 'clients', client);

/** The outcome of an earlier installation from the same things. */
export function installed(client: Client): Installation | undefined {
  const file = join(folderOf(client), 'installation.json');
  if (!existsSync(file)) {
    return undefined;
  }
  const found = JSON.parse(readFileSync(file, 'utf8')) as Installation;
  return found.stamp === stampOf(client) ? found : undefined;
}

export function install(client: Client): Installation {
  const folder = folderOf(client);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const result: Installation = { stamp: stampOf(client), ...leftOut(client, folder) };
  writeFileSync(join(folder, 'installation.json'), JSON.stringify(result));
  return result;
}

function leftOut(client: Client, folder: string): Pick<Installation, 'leftOut'> {
  const missing = CLIENTS[client].find((tool) => spawnSync('which', [tool]).status !== 0);
  if (missing !== undefined) {
    return { leftOut: { why: `there is no ${missing}`, isFailure: false } };
  }
  for (const [command, ...parameters] of STEPS[client](folder)) {
    const { status, stdout, stderr, error } = spawnSync(command ?? '', parameters, {
      cwd: folder,
      encoding: 'utf8',
      timeout: 400_000,
      env: { ...process.env, GOFLAGS: '-mod=mod' },
    });
    if (status !== 0) {
      const output = `${stdout}${stderr}${error?.message ?? ''}`.trim();
      const isUnreachable = UNREACHABLE.test(output);
      const last = isUnreachable ? 'its registry cannot be reached' : output.slice(-2000);
      const why = `${[command, ...parameters].join(' ')}: ${last}`;
      return { leftOut: { why, isFailure: !isUnreachable } };
    }
  }
  return {};
}

/** How pip, go and Maven report that nothing answers. */
const UNREACHABLE =
  /NewConnectionError|ConnectTimeout|Max retries exceeded|Name or service not known|name resolution|Unknown host|UnknownHost|No route to host|Network is unreachable|no such host|dial tcp|i\/o timeout|Connection refused|Connect to .* failed|timed out/i;

const STEPS: Readonly<Record<Client, (folder: string) => readonly (readonly string[])[]>> = {
  pymesos: (folder) => {
    const python = join(folder, 'venv', 'bin', 'python');
    const pip = [python, '-m', 'pip', '-q', '--disable-pip-version-check', '--retries', '1'];
    return [
      ['python3', '-m', 'venv', 'venv'],
      [...pip, 'install', 'setuptools<70', 'wheel', 'cython<3', 'six', 'addict', 'kazoo'],
      // What it parses HTTP with was published as C that Python 3.11 does not compile any more: the
      // same sources are turned into C anew.
      [...pip, 'download', '--no-deps', '--no-build-isolation', '--no-binary=:all:', HTTP_PARSER],
      ['/bin/sh', '-c', 'tar xzf http*parser-*.tar.gz && mv http*parser-*/ http-parser'],
      [python, '-m', 'cython', 'http-parser/http_parser/parser.pyx'],
      [...pip, 'install', '--no-deps', '--no-build-isolation', './http-parser'],
      [...pip, 'install', '--no-build-isolation', 'pymesos==0.3.15'],
    ];
  },
  'mesos-go': (folder) => {
    const commands = 'github.com/mesos/mesos-go/api/v1/cmd';
    return [
      [
        ...['env', '-C', join(SOURCES, 'go'), 'go', 'build', '-o', `${folder}/`],
        `${commands}/example-scheduler`,
        `${commands}/example-executor`,
      ],
    ];
  },
  'mesos-rxjava': (folder) => [
    [
      ...['mvn', '-q', '-B', '-f', join(SOURCES, 'java', 'pom.xml')],
      ...[`${DEPENDENCIES}:copy-dependencies`, `-DoutputDirectory=${join(folder, 'lib')}`],
    ],
    ['javac', '-cp', 'lib/*', '-d', 'classes', join(SOURCES, 'java', 'Driver.java')],
  ],
};

const MADE_FROM: Readonly<Record<Client, readonly string[]>> = {
  pymesos: [],
  'mesos-go': ['go/go.mod', 'go/go.sum'],
  'mesos-rxjava': ['java/pom.xml', 'java/Driver.java'],
};

function stampOf(client: Client): string {
  const hash = createHash('sha256').update(JSON.stringify(STEPS[client]('')));
  for (const path of MADE_FROM[client]) {
    hash.update(readFileSync(join(SOURCES, path)));
  }
  return hash.digest('hex');
}
