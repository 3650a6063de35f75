// What is unpacked, and by which program: by the end of the file's name, as in Mesos.
import { basename } from 'node:path';

export interface Unpacking {
  /**
   * The program, which runs in the sandbox. `from` is the archive's path; `name` what the file is
   * called in the sandbox.
   */
  readonly argv: (from: string, name: string) => readonly string[];
  /** Raw wait statuses with which the program says that the file is not an archive of its kind. */
  readonly foreign?: readonly number[];
  /** Mesos does not unpack it, so a task may look for the archive itself, and always finds it. */
  readonly isForeignToMesos?: boolean;
}

/** A command line of the shell's; the values are `$1` and so on. */
export const shell = (script: string, ...values: string[]): readonly string[] => [
  'sh',
  '-c',
  script,
  'sh',
  ...values,
];

// Extracted files belong to the user and get no setuid bits and the like. Without these options,
// tar as root takes owner and mode from the archive.
const tar: Unpacking = {
  argv: (from) => ['tar', '--no-same-owner', '--no-same-permissions', '-xf', from],
};

const zip: Unpacking = { argv: (from) => ['unzip', '-o', '-q', from], foreign: [9 << 8] };

/** A single file, unpacked into the sandbox under its name without the ending. */
const single = (program: string, ending: string): Unpacking => ({
  argv: (from, name) =>
    shell(`${program} -dc -- "$1" > "./$2"`, from, basename(name).slice(0, -ending.length)),
});

/** The first whose ending matches is used. */
const UNPACKINGS: readonly (readonly [ending: string, Unpacking])[] = [
  ['.tar', tar],
  ['.tar.gz', tar],
  ['.tgz', tar],
  ['.tar.bz2', tar],
  ['.tbz2', tar],
  ['.tar.xz', tar],
  ['.txz', tar],
  ['.zip', zip],
  ['.gz', single('gzip', '.gz')],
  ['.tar.zst', { ...tar, isForeignToMesos: true }],
  ['.tzst', { ...tar, isForeignToMesos: true }],
  ['.zst', { ...single('zstd', '.zst'), isForeignToMesos: true }],
];

/** How a file of this name is unpacked; undefined: it stays as it is. */
export const unpackingOf = (name: string): Unpacking | undefined =>
  UNPACKINGS.find(([ending]) => name.endsWith(ending))?.[1];
