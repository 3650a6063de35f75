// Windows of updates: which updates are on their way to the master. The window of a framework holds
// so many bytes, and its next update is sent when one is acknowledged, or has been on its way for
// long enough. So neither a registration nor a retry is more than a connection can carry, and a
// framework that acknowledges nothing does not delay the updates of others.
import type { FrameworkId } from '../../model/ids.ts';
import type { UpdateStream } from './status-update-stream.ts';

/** Bytes of a framework's updates that are on their way; a larger one goes alone. */
export const WINDOW_BYTES = 8 * 1024 * 1024;

interface Window {
  bytes: number;
  /** Streams whose first update is on its way, with its bytes. */
  readonly onWay: Map<UpdateStream, number>;
  /** Streams that wait, in the order of their turns, with the index into the retry intervals. */
  readonly waiting: Map<UpdateStream, number>;
}

export interface Turn {
  readonly stream: UpdateStream;
  readonly level: number;
}

export class UpdateWindows {
  private readonly windows = new Map<FrameworkId, Window>();

  /** Makes the stream wait for its turn, behind others of its framework. */
  enter(stream: UpdateStream, level: number): void {
    this.leave(stream);
    let window = this.windows.get(stream.frameworkId);
    if (window === undefined) {
      window = { bytes: 0, onWay: new Map(), waiting: new Map() };
      this.windows.set(stream.frameworkId, window);
    }
    window.waiting.set(stream, level);
  }

  /** Takes the stream out of its window: it neither waits nor is on its way. */
  leave(stream: UpdateStream): void {
    const window = this.windows.get(stream.frameworkId);
    if (window === undefined) {
      return;
    }
    window.waiting.delete(stream);
    window.bytes -= window.onWay.get(stream) ?? 0;
    window.onWay.delete(stream);
    if (window.waiting.size === 0 && window.onWay.size === 0) {
      this.windows.delete(stream.frameworkId);
    }
  }

  isOnWay(stream: UpdateStream): boolean {
    return this.windows.get(stream.frameworkId)?.onWay.has(stream) === true;
  }

  /**
   * Takes the next waiting stream of the framework, if there is room; its update is on its way from
   * now on.
   */
  next(framework: FrameworkId, bytesOf: (stream: UpdateStream) => number): Turn | undefined {
    const window = this.windows.get(framework);
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
    this.windows.delete(framework);
  }

  /** Empties all windows: after a new registration no update is known to be on its way. */
  clear(): void {
    this.windows.clear();
  }
}
