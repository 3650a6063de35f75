// What is told of an image that could not be pulled.
import { errorText } from '../../model/error-text.ts';
import { ContainerizerError } from '../containerizer-error.ts';

/** `name`: the image's, as it was asked for. Rejects with the reason of the abort as it is. */
export async function named<T>(
  name: string,
  abort: AbortSignal,
  pull: () => Promise<T>,
): Promise<T> {
  try {
    return await pull();
  } catch (error) {
    abort.throwIfAborted();
    const text = `Failed to pull image '${name}': ${errorText(error)}`;
    throw new ContainerizerError(text, { cause: error });
  }
}
