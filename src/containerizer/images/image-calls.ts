// What calls of the API ask about images in general. The login of one that is to be pulled may be a
// secret by reference, as that of a container's image may.
import { resolvedImage, type SecretResolver } from '../secrets/secret-resolver.ts';
import type { Provisioner } from './provisioner.ts';

export type ImageCalls = Pick<Provisioner, 'pull' | 'images' | 'prune'>;

/** `secrets`: undefined: those by reference are refused. */
export function withSecrets(images: ImageCalls, secrets: SecretResolver | undefined): ImageCalls {
  return {
    images: () => images.images(),
    prune: (excluded) => images.prune(excluded),
    pull: async (image, abort) =>
      images.pull(secrets ? await resolvedImage(image, secrets, abort) : image, abort),
  };
}
