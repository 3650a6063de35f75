// Whether a name that an archive gives to an image is the one that is asked for. Programs that
// write archives write the same name at different length. Pure.
import { ContainerizerError } from '../../containerizer-error.ts';
import { parseReference } from '../formats/reference.ts';
import { isDockerHub } from '../formats/registry-address.ts';
import type { ImageReference } from '../image.ts';

/** `name`: all of a name, or only a tag, as in OCI's layout. */
export function isNamed(name: string, wanted: ImageReference): boolean {
  const tag = wanted.tag ?? 'latest';
  if (name === tag) {
    return true;
  }
  let found: ImageReference;
  try {
    found = parseReference(name);
  } catch {
    return false;
  }
  const isSameRegistry =
    wanted.registry === undefined || found.registry === undefined
      ? [wanted.registry, found.registry].every((each) => each === undefined || isUsual(each))
      : wanted.registry === found.registry;
  return (
    (found.tag ?? 'latest') === tag &&
    isSameRegistry &&
    withoutLibrary(found.repository) === withoutLibrary(wanted.repository)
  );
}

/** What is shown of an archive with many images. */
const MOST_SHOWN = 20;

/** `others`: what the archive has in place of the image. */
export const notArchived = (
  { text }: ImageReference,
  others: readonly string[],
): ContainerizerError =>
  new ContainerizerError(
    `Image '${text}' is not in its archive, which has: ${others.slice(0, MOST_SHOWN).join(', ')}`,
  );

/** What docker, and podman for images without a registry, write before a repository. */
const isUsual = (registry: string) => isDockerHub(registry) || registry === 'localhost';

const withoutLibrary = (repository: string) => repository.replace(/^library\/(?=[^/]+$)/, '');
