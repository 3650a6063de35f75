// Names of images of App Container: a name, and labels that tell images of one name apart. Both
// become a part of the URL or path at which the image is looked for, so that whatever could lead to
// another place is refused. Pure.
import type { Image_Appc } from '../../../model/generated/messages.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { folderOf } from './folder-url.ts';
import { shownName } from './refused-name.ts';

export interface AppcName {
  readonly name: string;
  /** With those that every name has: `version`, `os` and `arch`. */
  readonly labels: ReadonlyMap<string, string>;
  /** The labels that were asked for. */
  readonly asked: ReadonlyMap<string, string>;
  /** How the image's id must begin. */
  readonly id: string | undefined;
}

const MOST_CHARACTERS = 255;
/** All become a part of the name by which the store remembers the image. */
const MOST_LABELS = 32;
/** The first part may have a port. */
const NAME = /^[a-z0-9](?:[\w.~-]*[a-z0-9])?(?::\d{1,5})?(?:\/[a-z0-9](?:[\w.~-]*[a-z0-9])?)*$/i;
const LABEL = /^[a-z0-9](?:[\w.+~-]*[a-z0-9])?$/i;
const IMAGE_ID = /^sha512-[0-9a-f]{128}$/;
/** Programs show the beginning of an id in the place of all of it. */
const BEGINNING = /^sha512-[0-9a-f]{32,128}$/;

/** The form of an image's id: of the bytes of its uncompressed archive. */
export const isImageId = (value: unknown): value is string =>
  typeof value === 'string' && IMAGE_ID.test(value);

/** The specification's names of architectures that Node calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: 'i386',
  arm64: 'aarch64',
  arm: 'armv7l',
  ppc64: 'ppc64le',
};

/** `architecture`: as Node has it in `process.arch`. */
export const appcArchitecture = (architecture: string): string =>
  ARCHITECTURES[architecture] ?? architecture;

/** `arch` is that of images for this machine. Throws ContainerizerError. */
export function readAppcName({ name, id, labels }: Image_Appc, arch: string): AppcName {
  const refuse = (why: string) =>
    new ContainerizerError(`Failed to parse appc image '${shownName(name)}': ${why}`);
  if (name === '') {
    throw new ContainerizerError('Image name cannot be empty');
  }
  if (name.length > MOST_CHARACTERS || !NAME.test(name)) {
    throw refuse(
      `a name has at most ${MOST_CHARACTERS} characters, and each part of it between slashes ` +
        'letters, digits, periods, underscores, tildes and hyphens, and begins and ends with a ' +
        'letter or digit',
    );
  }
  if (id !== undefined && !BEGINNING.test(id)) {
    throw refuse("an id is 'sha512-' and 128 hexadecimal digits");
  }
  const pairs = labels?.labels ?? [];
  const texts = pairs.flatMap(({ key, value = '' }) => [key, value]);
  if (pairs.length > MOST_LABELS || !texts.every(isLabelText)) {
    throw refuse(
      `it has at most ${MOST_LABELS} labels ('labels'), whose keys and values have at most ` +
        `${MOST_CHARACTERS} characters of Unicode`,
    );
  }
  const asked = new Map(pairs.map(({ key, value }) => [key, value ?? ''] as const));
  const all = new Map([...Object.entries({ version: 'latest', os: 'linux', arch }), ...asked]);
  for (const key of PLACED) {
    const value = all.get(key) ?? '';
    if (value.length > MOST_CHARACTERS || !LABEL.test(value)) {
      throw refuse(
        `the label '${key}' has letters, digits and '._+~-', begins and ends with a letter or ` +
          `digit, and is '${shownName(value)}'`,
      );
    }
  }
  return { name, labels: all, asked, id };
}

/** Half of a surrogate pair is no character, and has no place in a URL. */
const isLabelText = (text: string) => text.length <= MOST_CHARACTERS && text.isWellFormed();

/** Labels that are a part of the place where an image is looked for. */
const PLACED = ['version', 'os', 'arch'] as const;

/** One text for all requests of the same image. */
export function appcText({ name, labels, id }: Omit<AppcName, 'asked'>): string {
  const all = [...labels].sort(([one], [other]) => (one < other ? -1 : 1));
  const texts = all.map((label) => label.map(encodeURIComponent).join('='));
  return `${[name, ...texts].join(',')}${id === undefined ? '' : `@${id}`}`;
}

/** Below the prefix of the specification's simple discovery. */
export const discoveryPath = ({ name, labels }: AppcName): string =>
  `${[name, ...PLACED.map((key) => labels.get(key))].join('-')}.aci`;

/** Of `--appc_simple_discovery_uri_prefix`; the problem, if it can't be read. */
export function readDiscoveryPrefix(text: string): string | { readonly problem: string } {
  const folder = folderOf(text);
  if (folder !== undefined) {
    return folder.endsWith('/') ? folder : `${folder}/`;
  }
  if (/^https?:\/\/$/.test(text)) {
    return text;
  }
  const url = /^https?:\/\/[^/]/.test(text) ? URL.parse(text) : null;
  if (url === null || url.username !== '' || url.password !== '' || /[?#]/.test(text)) {
    return {
      problem:
        'expected http:// or https://, alone or with a host and the beginning of a path (with no ' +
        'user, and no query), or the absolute path of a folder',
    };
  }
  return url.pathname === '/' && !text.endsWith('/') ? `${text}/` : text;
}
