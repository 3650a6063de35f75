// Names of images: [REGISTRY/]REPOSITORY[:TAG][@DIGEST], read as Mesos reads them. Whatever could
// lead to another place in a URL or folder than the one that is named is refused.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { ImageReference } from '../image.ts';
import { isDigest } from './digest.ts';
import { shownName } from './refused-name.ts';

/** As in docker. */
const MOST_CHARACTERS = 255;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?$/;
const COMPONENT = /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** Throws ContainerizerError. */
export function parseReference(text: string): ImageReference {
  const refuse = (why: string) =>
    new ContainerizerError(`Failed to parse docker image '${shownName(text)}': ${why}`);
  const [name = '', digest, ...others] = text.split('@');
  if (others.length > 0) {
    throw refuse("Multiple '@' symbols found");
  }
  if (digest !== undefined && !isDigest(digest)) {
    throw refuse("after '@' there must be 'sha256:' and 64 hexadecimal digits");
  }
  const { path, tag } = splitTag(name);
  if (tag !== undefined && !TAG.test(tag)) {
    throw refuse('a tag has 1 to 128 letters, digits, underscores, periods and hyphens');
  }
  const { registry, repository } = splitRegistry(path);
  if (registry !== undefined && !isHost(registry)) {
    throw refuse(`'${shownName(registry)}' is no host with or without a port`);
  }
  if (repository === '') {
    throw refuse('there is no name of a repository');
  }
  if (repository.length > MOST_CHARACTERS) {
    throw refuse(`a repository has at most ${MOST_CHARACTERS} characters`);
  }
  if (!repository.split('/').every((component) => COMPONENT.test(component))) {
    throw refuse(
      'each part of a repository has letters, digits, periods, underscores and hyphens, and begins ' +
        'and ends with a letter or digit',
    );
  }
  return { registry, repository, tag, digest, text };
}

function splitTag(name: string): { path: string; tag: string | undefined } {
  const colon = name.lastIndexOf(':');
  // After the last colon of a host with a port there is a slash.
  return colon < 0 || name.includes('/', colon)
    ? { path: name, tag: undefined }
    : { path: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** The first part is a registry if it can be told from a part of a repository. */
function splitRegistry(path: string): { registry: string | undefined; repository: string } {
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  return /[.:]/.test(first) || first === 'localhost'
    ? { registry: first, repository: path.slice(slash + 1) }
    : { registry: undefined, repository: path };
}

export function isHost(text: string): boolean {
  const match = HOST.exec(text);
  const port = Number(match?.[1] ?? 1);
  return match !== null && port >= 1 && port <= 65_535 && URL.canParse(`http://${text}`);
}

/** A name without tag and digest. */
export const bareName = ({ registry, repository }: ImageReference): string =>
  registry === undefined ? repository : `${registry}/${repository}`;

/** One text for all names that mean the same image: the tag `latest` is written out. */
export function canonicalName(reference: ImageReference): string {
  const { tag, digest } = reference;
  const name = bareName(reference);
  return digest === undefined ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`;
}
