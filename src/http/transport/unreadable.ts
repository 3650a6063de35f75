// Requests with a fault in their bodies. Whoever reads a body is told by an `error`; whoever comes
// to read it later, because something else was waited for first, asks here.
import type { IncomingMessage } from 'node:http';

const unreadable = new WeakSet<IncomingMessage>();

export const isUnreadable = (request: IncomingMessage): boolean => unreadable.has(request);

/** Tells whoever reads the body, now or later; returns whether somebody does now. */
export function refuseBody(request: IncomingMessage): boolean {
  unreadable.add(request);
  const isRead = request.listenerCount('error') > 0;
  if (isRead) {
    request.emit('error', new Error('The body cannot be read'));
  }
  return isRead;
}
