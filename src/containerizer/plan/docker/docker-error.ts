// Why there can be no such container, as Mesos's docker executor says it.
import { ContainerizerError } from '../../containerizer-error.ts';

export const dockerError = (why: string): ContainerizerError =>
  new ContainerizerError(`Failed to create docker run options: ${why}`);
