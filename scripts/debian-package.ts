// The Debian package: files under the names that units, configuration and people of Mesosphere's
// packages of Apache Mesos expect, around the folder of everything in /usr/lib/mesoscale.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { allCommands } from '../src/cli/commands.ts';
import { allNouns } from '../src/cli/operate/nouns.ts';
import { builtAtSeconds } from './bill-of-materials.ts';
import { manualPages } from './man-pages.ts';

const root = dirname(import.meta.dirname);
const packaging = join(root, 'packaging');
const HOME = '/usr/lib/mesoscale';
const DOCS = '/usr/share/doc/mesoscale';
/** Where each file of packaging/ lies on a machine, and its mode. */
const FILES: Readonly<Record<string, readonly [string, number]>> = {
  'mesos-init-wrapper': ['/usr/bin/mesos-init-wrapper', 0o755],
  'debian/mesos-master.service': ['/lib/systemd/system/mesos-master.service', 0o644],
  'debian/mesos-agent.service': ['/lib/systemd/system/mesos-agent.service', 0o644],
  'debian/default-mesos': ['/usr/share/mesoscale/default/mesos', 0o644],
  'debian/default-mesos-master': ['/usr/share/mesoscale/default/mesos-master', 0o644],
  'debian/default-mesos-agent': ['/usr/share/mesoscale/default/mesos-agent', 0o644],
  'debian/logrotate': ['/etc/logrotate.d/mesoscale', 0o644],
  'debian/tmpfiles.conf': ['/usr/lib/tmpfiles.d/mesoscale.conf', 0o644],
};
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
/** Folders whose files are the operators'. */
const FOLDERS = ['/etc/mesos', '/etc/mesos-master', '/etc/mesos-agent'];
/** Programs for root, as Mesosphere's packages had them. */
const IN_SBIN = /^mesos-(?:master|agent)$/;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export interface DebianBuild {
  /** The folder that works by itself. */
  readonly home: string;
  /** A folder for the tree of the package. */
  readonly work: string;
  /** Where the package is put. */
  readonly folder: string;
  readonly run: (program: string, parameters: readonly string[]) => string;
}

export async function buildDebianPackage({ home, work, folder, run }: DebianBuild): Promise<void> {
  const { version: ours } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    version: string;
  };
  // Before the release that it precedes.
  const version = ours.replace('-', '~');
  const at = (path: string) => {
    const place = join(work, path);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  };
  cpSync(home, at(HOME), { recursive: true });
  putDocs(at, version);
  for (const [name, [path, mode]] of Object.entries(FILES)) {
    cpSync(join(packaging, name), at(path));
    chmodSync(at(path), mode);
  }
  symlinkSync('mesos-agent.service', at('/lib/systemd/system/mesos-slave.service'));
  for (const path of FOLDERS) {
    mkdirSync(at(path));
  }
  symlinkSync('../lib/mesoscale/bin/mesos-agent', at('/usr/sbin/mesos-slave'));
  for (const name of readdirSync(at(`${HOME}/bin`)).filter((each) => each !== 'mesos-slave')) {
    const path = `${IN_SBIN.test(name) ? '/usr/sbin' : '/usr/bin'}/${name}`;
    symlinkSync(relative(dirname(path), `${HOME}/bin/${name}`), at(path));
  }
  const date = new Date(builtAtSeconds() * 1000).toISOString().slice(0, 10);
  const tables = { commands: await allCommands(), nouns: await allNouns() };
  const pages = manualPages(tables, { version: ours, date });
  for (const { name, text } of pages) {
    writeFileSync(at(`/usr/share/man/man${name.at(-1)}/${name}.gz`), gzipSync(text, { level: 9 }));
  }
  const control = join(work, 'DEBIAN');
  mkdirSync(control);
  const configured = Object.values(FILES).flatMap(([path]) =>
    path.startsWith('/etc/') ? path : [],
  );
  writeFileSync(join(control, 'conffiles'), `${configured.join('\n')}\n`);
  for (const name of SCRIPTS) {
    cpSync(join(packaging, 'debian', name), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const kibibytes = Number.parseInt(run('du', ['-sk', '--apparent-size', work]), 10);
  const template = readFileSync(join(packaging, 'debian', 'control'), 'utf8');
  writeFileSync(
    join(control, 'control'),
    template
      .replace('@VERSION@', version)
      .replace('@ARCHITECTURE@', architecture)
      .replace('@SIZE@', String(kibibytes)),
  );
  run('chmod', ['-R', 'go-w', work]);
  const file = join(folder, `mesoscale_${version}_${architecture}.deb`);
  // With what dpkg of Debian 12 unpacks fastest: an upgrade is that much shorter.
  run('dpkg-deb', ['--root-owner-group', '-Zzstd', '--build', work, file]);
}

/** Pages for readers where Debian has them, and no second time in the home. */
function putDocs(at: (path: string) => string, version: string): void {
  cpSync(at(`${HOME}/docs`), at(DOCS), { recursive: true });
  for (const name of ['docs', 'proto', 'examples', 'asm']) {
    rmSync(at(`${HOME}/${name}`), { recursive: true, force: true });
  }
  const changes = readFileSync(join(root, 'CHANGELOG.md'));
  writeFileSync(at(`${DOCS}/changelog.gz`), gzipSync(changes, { level: 9 }));
  cpSync(at(`${HOME}/dist/sbom.cdx.json`), at(`${DOCS}/sbom.cdx.json`));
  const copyright = readFileSync(join(packaging, 'debian', 'copyright'), 'utf8');
  writeFileSync(at(`${DOCS}/copyright`), copyright.replace('@VERSION@', version));
}
