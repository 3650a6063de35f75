// Which updates are on their way to the master. Each framework has a window of its own: so many
// bytes may be under way, and the next update goes when one is acknowledged, or has had its time.
// So neither a registration nor a retry is more than a connection can carry, and a framework that
// acknowledges nothing does not delay the updates of others.
import type { FrameworkId } from '../../model/ids.ts';
import type { UpdateStream } from './update-stream.ts';

/** Bytes of a framework's updates that are on their way; a larger one goes alone. */
export const WINDOW_BYTES = 8 * 1024 * 1024;

interface Window {
  bytes: number;
  /** With their bytes. */
  readonly onWay: Map<UpdateStream, number>;
  /** In the order of their turns, with the index into the retry intervals. */
  readonly waiting: Map<UpdateStream, number>;
}

export interface Turn {
  readonly stream: UpdateStream;
  readonly level: number;
}

export class UpdateWindows {
  readonly #windows = new Map<FrameworkId, Window>();

  /** What is first in the stream waits for its turn, behind others of its framework. */
  enter(stream: UpdateStream, level: number): void {
    this.leave(stream);
    let window = this.#windows.get(stream.frameworkId);
    if (window === undefined) {
      window = { bytes: 0, onWay: new Map(), waiting: new Map() };
      this.#windows.set(stream.frameworkId, window);
    }
    window.waiting.set(stream, level);
  }

  /** Neither waits nor is on its way any more. */
  leave(stream: UpdateStream): void {
    const window = this.#windows.get(stream.frameworkId);
    if (window === undefined) {
      return;
    }
    window.waiting.delete(stream);
    window.bytes -= window.onWay.get(stream) ?? 0;
    window.onWay.delete(stream);
    if (window.waiting.size === 0 && window.onWay.size === 0) {
      this.#windows.delete(stream.frameworkId);
    }
  }

  isOnWay(stream: UpdateStream): boolean {
    return this.#windows.get(stream.frameworkId)?.onWay.has(stream) === true;
  }

  /** Whose turn it is among the framework's streams, if there is room: it is on its way then. */
  next(framework: FrameworkId, bytesOf: (stream: UpdateStream) => number): Turn | undefined {
    const window = this.#windows.get(framework);
    const [first] = window?.waiting ?? [];
    if (window === undefined || first === undefined) {
      return undefined;
    }
    const [stream, level] = first;
    const bytes = bytesOf(stream);
    if (window.bytes > 0 && window.bytes + bytes > WINDOW_BYTES) {
      return undefined;
    }
    window.waiting.delete(stream);
    window.onWay.set(stream, bytes);
    window.bytes += bytes;
    return { stream, level };
  }

  forget(framework: FrameworkId): void {
    this.#windows.delete(framework);
  }

  /** Of another registration: nothing is known to be on its way. */
  clear(): void {
    this.#windows.clear();
  }
}
