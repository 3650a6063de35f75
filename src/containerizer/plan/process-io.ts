// Where the input of a container's process comes from, and where its output goes besides the files
// of its sandbox.
import { ContainerizerError } from '../containerizer-error.ts';
import { type ContainerRequest, containerInfoOf } from './request.ts';

export type ProcessIo =
  /** No input; the process writes right into the files. */
  | { readonly kind: 'files' }
  /** Through pipes of its supervisor, to which the agent can attach. */
  | { readonly kind: 'pipes' }
  /** The same through a terminal. A size of 0 is unknown. */
  | { readonly kind: 'terminal'; readonly rows: number; readonly columns: number };

/** Throws ContainerizerError where a container without a process asks for a terminal. */
export function processIo(
  request: Pick<ContainerRequest, 'executor' | 'task' | 'container' | 'isEmpty' | 'inside'>,
): ProcessIo {
  const terminal = containerInfoOf(request)?.tty_info;
  if (terminal === undefined) {
    return { kind: request.inside === undefined ? 'files' : 'pipes' };
  }
  if (request.isEmpty === true) {
    throw new ContainerizerError(
      "'executor.container.tty_info' is not supported: a default executor has no process of its own;" +
        ' its tasks can have terminals',
    );
  }
  const { rows = 0, columns = 0 } = terminal.window_size ?? {};
  return { kind: 'terminal', rows, columns };
}
