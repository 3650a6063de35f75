// Secrets that messages name and do not hold: what resolves them, and requests with what it has
// found. Values are looked up for one launch and are in its request only, which is never stored.
import type {
  CommandInfo,
  Image,
  Secret,
  Secret_Reference,
} from '../../model/generated/messages.ts';
import { Secret_Type } from '../../model/generated/messages.ts';
import { exchangeSecrets } from '../../wire/secrets.ts';
import { types } from '../../wire/types.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { ContainerRequest } from '../plan/request.ts';

export interface SecretResolver {
  /** Rejects with ContainerizerError, which says nothing of any value. */
  resolve(reference: Secret_Reference): Promise<Uint8Array>;
}

/** Of all secrets of one container, and bytes of them. */
const MAX_SECRETS = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;

type Change = (secret: Secret) => Secret;

/** The request with the values of all secrets in it. Rejects with ContainerizerError. */
export const resolvedRequest = (
  request: ContainerRequest,
  resolver: SecretResolver,
  abort: AbortSignal,
): Promise<ContainerRequest> => resolved(request, inRequest, resolver, abort);

/** The same for a command that runs beside a container's. */
export const resolvedCommand = (
  command: CommandInfo,
  resolver: SecretResolver,
  abort: AbortSignal,
): Promise<CommandInfo> =>
  resolved(
    command,
    (it, change) => exchangeSecrets(types.CommandInfo, it, change),
    resolver,
    abort,
  );

/** The same for an image that no container has. */
export const resolvedImage = (
  image: Image,
  resolver: SecretResolver,
  abort: AbortSignal,
): Promise<Image> =>
  resolved(image, (it, change) => exchangeSecrets(types.Image, it, change), resolver, abort);

function inRequest(request: ContainerRequest, change: Change): ContainerRequest {
  const { command, executor, task, container } = request;
  return {
    ...request,
    command: command && exchangeSecrets(types.CommandInfo, command, change),
    executor: executor && exchangeSecrets(types.ExecutorInfo, executor, change),
    task: task && exchangeSecrets(types.TaskInfo, task, change),
    container: container && exchangeSecrets(types.ContainerInfo, container, change),
  };
}

async function resolved<T>(
  whole: T,
  exchange: (whole: T, change: Change) => T,
  resolver: SecretResolver,
  abort: AbortSignal,
): Promise<T> {
  const references = new Map<string, Secret_Reference>();
  exchange(whole, (secret) => {
    if (secret.type === Secret_Type.REFERENCE && secret.reference !== undefined) {
      references.set(keyOf(secret.reference), secret.reference);
    }
    return secret;
  });
  if (references.size === 0) {
    return whole;
  }
  if (references.size > MAX_SECRETS) {
    throw new ContainerizerError(
      `The container names ${references.size} secrets, of at most ${MAX_SECRETS}`,
    );
  }
  const values = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const [key, reference] of references) {
    const data = await resolver.resolve(reference);
    abort.throwIfAborted();
    bytes += data.length;
    if (bytes > MAX_BYTES) {
      throw new ContainerizerError(
        `The secrets of the container have more than ${MAX_BYTES} bytes`,
      );
    }
    values.set(key, data);
  }
  return exchange(whole, (secret) => {
    const data = secret.reference && values.get(keyOf(secret.reference));
    return data === undefined ? secret : { type: Secret_Type.VALUE, value: { data } };
  });
}

const keyOf = ({ name, key }: Secret_Reference) => JSON.stringify([name, key ?? null]);
